package io.espalier.standalone;

import io.espalier.beam.Drawing;
import io.espalier.beam.Image;
import io.espalier.beam.Report;
import io.espalier.beam.Search;
import io.espalier.beam.SearchSpec;
import io.espalier.contracts.BundleName;
import io.espalier.contracts.ResultDocument;
import io.espalier.contracts.Settings;
import io.espalier.contracts.TreeDocument;
import io.espalier.models.Bundles;
import io.espalier.models.Manifest;
import io.espalier.models.ModelException.BadPrompt;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/// Searches within this process. Several may run at once; they share the models and the executor.
final class InProcess implements AutoCloseable {

  /// What one search left.
  ///
  /// @param images gives an image by its digest
  record Outcome(
      ResultDocument result, TreeDocument tree, Function<String, Optional<Image>> images) {}

  private final Models models;
  private final SearchOptions options;
  private final ExecutorService executor;
  private final int threads;

  private InProcess(Models models, SearchOptions options, ExecutorService executor, int threads) {
    this.models = models;
    this.options = options;
    this.executor = executor;
    this.threads = threads;
  }

  /// Loads the models.
  static InProcess prepare(
      Bundles bundles, SearchOptions options, ExecutorService executor, int threads) {
    return new InProcess(Models.load(bundles, options, executor), options, executor, threads);
  }

  int scales() {
    return models.generator().schedule().scales();
  }

  /// The whole search as it will run.
  ///
  /// @throws BadPrompt where the generator cannot take the prompt
  SearchSpec spec(String prompt) {
    SearchSpec spec =
        new SearchSpec(
            prompt,
            options.seed,
            models.generator().schedule(),
            options.strategy(),
            options.depth(),
            options.carry(),
            options.answer(),
            options.combine(),
            models.criteria(),
            options.budget(),
            options.sampling(models.generator().sampling()),
            Optional.empty());
    models.generator().check(prompt);
    return spec;
  }

  Outcome run(SearchSpec spec, Consumer<Report> watcher) throws InterruptedException {
    Search.Outcome outcome =
        Search.run(
            spec,
            models.generator(),
            models.verifiers(),
            executor,
            threads,
            options.deadline(),
            watcher);
    Manifest manifest = models.bundle().manifest();
    BundleName bundle =
        new BundleName(manifest.name(), manifest.version(), models.bundle().digest());
    Settings settings = Documents.settings(spec, options.deadline());
    Map<String, Image> images =
        outcome.drawings().values().stream()
            .map(Drawing::image)
            .collect(Collectors.toMap(Image::digest, image -> image, (same, _) -> same));
    return new Outcome(
        Documents.result(
            UUID.randomUUID().toString(),
            spec,
            settings,
            bundle,
            outcome.decision(),
            outcome.timing()),
        Documents.tree(spec, settings, bundle, outcome.decision()),
        digest -> Optional.ofNullable(images.get(digest)));
  }

  @Override
  public void close() {
    models.close();
  }
}
