package io.espalier.standalone;

import io.espalier.beam.Image;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.JobRequest;
import io.espalier.contracts.ResultDocument;
import io.espalier.contracts.TreeDocument;
import io.espalier.models.Png;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/// Searches through a gateway.
final class Distributed implements Searches {

  private static final int FETCHES = 8;

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
    Map<String, Image> images = images(api, id, tree);
    return new Outcome(result, tree, digest -> Optional.ofNullable(images.get(digest)));
  }

  private static void tell(Watcher watcher, JobEvent event) {
    switch (event) {
      case JobEvent.Started started -> watcher.began(started.scales(), started.planned().images());
      case JobEvent.Scored scored -> watcher.scored(scored.candidate().score());
      case JobEvent.Pruned pruned ->
          watcher.pruned(pruned.scale(), pruned.candidates(), pruned.kept().size());
      case JobEvent.Rejected _, JobEvent.Ended _ -> {}
    }
  }

  private static Map<String, Image> images(Api api, String id, TreeDocument tree)
      throws InterruptedException {
    Map<String, String> lineages = new LinkedHashMap<>();
    for (TreeDocument.Node node : tree.nodes()) {
      String image = node.image();
      if (image != null) {
        lineages.putIfAbsent(image, node.lineage());
      }
    }
    Map<String, Image> images = new ConcurrentHashMap<>();
    Map<String, Future<?>> fetched = new LinkedHashMap<>();
    try (ExecutorService fetches = Executors.newFixedThreadPool(FETCHES)) {
      lineages.forEach(
          (digest, lineage) ->
              fetched.put(
                  lineage,
                  fetches.submit(
                      () -> images.put(digest, Png.decode(api.candidate(id, lineage))))));
    }
    for (Map.Entry<String, Future<?>> each : fetched.entrySet()) {
      try {
        each.getValue().get();
      } catch (ExecutionException e) {
        throw cause(e.getCause(), id, each.getKey());
      }
    }
    return images;
  }

  private static RuntimeException cause(@Nullable Throwable cause, String id, String lineage) {
    return switch (cause) {
      case IOException e ->
          new CommandException(
              "the image of candidate %s of job %s cannot be read: %s"
                  .formatted(lineage, id, e.getMessage()),
              e);
      case RuntimeException e -> e;
      case null, default -> new IllegalStateException(cause);
    };
  }
}
