package io.espalier.standalone;

import io.espalier.beam.Image;
import io.espalier.beam.Png;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.JobRequest;
import io.espalier.contracts.ResultDocument;
import io.espalier.contracts.TreeDocument;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Stream;

/// Searches through a gateway.
final class Distributed implements Searches {

  private final Api api;

  Distributed(Api api) {
    this.api = api;
  }

  @Override
  public Outcome run(JobRequest request, Watcher watcher) throws InterruptedException {
    String id = api.submit(request).id().toString();
    try {
      watch(api, id, watcher);
      return outcome(api, id);
    } catch (InterruptedException e) {
      api.cancel(id);
      throw e;
    }
  }

  /// Watches a job from its beginning to its end.
  static void watch(Api api, String id, Watcher watcher) throws InterruptedException {
    api.watch(id, event -> tell(watcher, event));
  }

  /// What an ended job left.
  ///
  /// @throws CommandException where it has not ended, or was never searched
  static Outcome outcome(Api api, String id) throws InterruptedException {
    var job = api.job(id);
    ResultDocument result = job.result();
    if (result == null || job.links().tree() == null) {
      throw new CommandException(
          "job %s is %s%s%s"
              .formatted(
                  id,
                  job.status().word(),
                  job.status().ended() ? " and was never searched" : "",
                  job.reason().isEmpty() ? "" : ": " + job.reason()));
    }
    TreeDocument tree = api.tree(id);
    return new Outcome(result, tree, images(api, id, tree));
  }

  private static void tell(Watcher watcher, JobEvent event) {
    switch (event) {
      case JobEvent.Started started -> watcher.began(started.scales(), started.planned().images());
      case JobEvent.Scored scored -> {
        OptionalDouble best =
            Stream.ofNullable(scored.best()).mapToDouble(JobEvent.ScoredImage::score).findFirst();
        for (JobEvent.ScoredImage each : scored.candidates()) {
          watcher.scored(each.candidate(), each.score(), best);
        }
      }
      case JobEvent.Pruned pruned ->
          watcher.pruned(pruned.scale(), pruned.candidates(), pruned.kept().size());
      case JobEvent.Rejected _, JobEvent.Ended _ -> {}
    }
  }

  /// Fetches each image when it is asked for: all of a large tree's would not fit the memory.
  private static Function<String, Optional<Image>> images(Api api, String id, TreeDocument tree) {
    Map<String, String> lineages = new HashMap<>();
    for (TreeDocument.Node node : tree.nodes()) {
      String image = node.image();
      if (image != null) {
        lineages.putIfAbsent(image, node.lineage());
      }
    }
    return digest ->
        Optional.ofNullable(lineages.get(digest)).map(lineage -> image(api, id, lineage));
  }

  private static Image image(Api api, String id, String lineage) {
    try {
      return Png.decode(api.candidate(id, lineage));
    } catch (IOException e) {
      throw new CommandException(
          "the image of candidate %s of job %s cannot be read: %s"
              .formatted(lineage, id, e.getMessage()),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandException(
          "interrupted while the images of job %s were fetched".formatted(id), e);
    }
  }
}
