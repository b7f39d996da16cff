package io.espalier.standalone;

import io.espalier.beam.Drawing;
import io.espalier.beam.Image;
import io.espalier.beam.Report;
import io.espalier.beam.Scoring;
import io.espalier.beam.Search;
import io.espalier.contracts.JobRequest;
import io.espalier.contracts.JobSpec;
import io.espalier.flow.Documents;
import io.espalier.flow.JobSpecs;
import io.espalier.flow.SearchSpecs;
import io.espalier.models.Bundles;
import io.espalier.models.Hardware;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.stream.Collectors;

/// Searches within this process. Several may run at once; they share the models and the executor.
final class InProcess implements Searches, AutoCloseable {

  private static final long DEFAULT_SEED = 0;

  private final LocalCatalog catalog;
  private final Models models;
  private final ExecutorService executor;
  private final Hardware hardware;

  private InProcess(
      LocalCatalog catalog, Models models, ExecutorService executor, Hardware hardware) {
    this.catalog = catalog;
    this.models = models;
    this.executor = executor;
    this.hardware = hardware;
  }

  /// Loads the models that a request needs.
  static InProcess prepare(
      Bundles bundles, JobRequest request, ExecutorService executor, Hardware hardware) {
    LocalCatalog catalog = new LocalCatalog(bundles);
    JobSpec spec = JobSpecs.of(request, catalog, () -> DEFAULT_SEED, null);
    Models models =
        Models.load(
            catalog,
            spec.generator().name(),
            spec.verifiers().stream().map(JobSpec.VerifierRef::name).toList(),
            executor,
            hardware);
    return new InProcess(catalog, models, executor, hardware);
  }

  /// Refuses what cannot be searched.
  ///
  /// @throws io.espalier.models.ModelException.BadPrompt where the generator cannot take the
  ///     prompt
  void check(JobRequest request) {
    models.generator().check(spec(request).prompt());
  }

  /// The whole search as it will run.
  JobSpec spec(JobRequest request) {
    return JobSpecs.of(request, catalog, () -> DEFAULT_SEED, null);
  }

  @Override
  public Outcome run(JobRequest request, Watcher watcher) throws InterruptedException {
    JobSpec spec = spec(request);
    int scales = spec.generator().scales().size();
    Search.Outcome outcome =
        Search.run(
            SearchSpecs.of(spec),
            models.generator(),
            models.verifiers(),
            executor,
            hardware.calls(),
            Optional.ofNullable(spec.settings().deadlineMillis()).map(Duration::ofMillis),
            report -> tell(watcher, scales, report));
    Map<String, Image> images =
        outcome.drawings().values().stream()
            .map(Drawing::image)
            .collect(Collectors.toMap(Image::digest, image -> image, (same, _) -> same));
    String jobId = UUID.randomUUID().toString();
    return new Outcome(
        Documents.result(jobId, spec, outcome.decision(), outcome.timing()),
        Documents.tree(spec, outcome.decision()),
        digest -> Optional.ofNullable(images.get(digest)));
  }

  private static void tell(Watcher watcher, int scales, Report report) {
    switch (report) {
      case Report.Started(_, var planned) -> watcher.began(scales, planned.images());
      case Report.Scored scored -> {
        OptionalDouble best = scored.best().stream().mapToDouble(Scoring::score).findFirst();
        for (Scoring each : scored.candidates()) {
          watcher.scored(each.lineage().toString(), each.score(), best);
        }
      }
      case Report.Pruned pruned ->
          watcher.pruned(pruned.scale(), pruned.candidates(), pruned.kept().size());
    }
  }

  @Override
  public void close() {
    models.close();
  }
}
