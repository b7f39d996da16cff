package io.espalier.beam;

import io.espalier.beam.ModelClock.Model;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// A whole search in this process: the reference that the distributed one must equal, candidate
/// for candidate.
///
/// The loop runs on the calling thread. Every model call is a task of the executor, a slice of
/// branches or a slice's images for one verifier, so generator and verifiers run side by side
/// where it has threads for both. A verifier with threads of its own is asked on those, for one
/// image at a time. How the work is cut changes no bit of the result.
public final class Search {

  /// What came of a search.
  ///
  /// @param drawings everything that was drawn, by content
  public record Outcome(Decision decision, Map<Rendition, Drawing> drawings, Timing timing) {}

  private final SearchSpec spec;
  private final Generator generator;
  private final List<Verifier> verifiers;
  private final Executor executor;
  private final int workers;
  private final ModelClock clock = new ModelClock();
  private final Map<Rendition, Drawing> drawings = new ConcurrentHashMap<>();
  private final BlockingQueue<SearchEvent> events = new LinkedBlockingQueue<>();
  private volatile boolean over;

  private Search(
      SearchSpec spec,
      Generator generator,
      List<Verifier> verifiers,
      Executor executor,
      int workers) {
    this.spec = spec;
    this.generator = generator;
    this.verifiers = verifiers;
    this.executor = executor;
    this.workers = workers;
  }

  /// Runs a search to its end.
  ///
  /// @param verifiers one for each of the spec's criteria
  /// @param workers how many tasks the executor runs at once; work is cut accordingly
  /// @param deadline how long it may take
  /// @param watcher called on the calling thread
  /// @throws InterruptedException where the calling thread is interrupted; tasks go on in the
  ///     executor
  public static Outcome run(
      SearchSpec spec,
      Generator generator,
      List<Verifier> verifiers,
      Executor executor,
      int workers,
      Optional<Duration> deadline,
      Consumer<Report> watcher)
      throws InterruptedException {
    Search search = new Search(spec, generator, verifiers, executor, workers);
    try {
      Decision decision = search.loop(deadline, watcher);
      return new Outcome(decision, Map.copyOf(search.drawings), search.clock.timing());
    } finally {
      search.over = true;
    }
  }

  private Decision loop(Optional<Duration> deadline, Consumer<Report> watcher)
      throws InterruptedException {
    long began = System.nanoTime();
    StoredRows rows = new StoredRows();
    Transition turn = Pruning.submit(spec);
    while (true) {
      rows.put(turn.rows());
      List<Slice> slices = new ArrayList<>();
      for (Effect effect : turn.effects()) {
        switch (effect) {
          case Effect.Expand(Slice slice) -> slices.add(slice);
          case Effect.Tell(Report report) -> watcher.accept(report);
          case Effect.Decide(Decision decision) -> {
            return decision;
          }
        }
      }
      expand(slices);
      turn = Pruning.on(turn.state(), rows, next(deadline, began));
    }
  }

  private SearchEvent next(Optional<Duration> deadline, long began) throws InterruptedException {
    if (deadline.isEmpty()) {
      return events.take();
    }
    long left = deadline.get().toNanos() - (System.nanoTime() - began);
    SearchEvent event = events.poll(left, TimeUnit.NANOSECONDS);
    return event == null ? new SearchEvent.DeadlinePassed() : event;
  }

  /// Cuts the work of a scale so that every worker has about two tasks, and hands it out.
  private void expand(List<Slice> slices) {
    int branches = slices.stream().mapToInt(slice -> slice.branches().size()).sum();
    int size = Math.max(1, Math.ceilDiv(branches, 2 * workers));
    for (Slice slice : slices) {
      for (Slice piece : slice.cut(size)) {
        task(executor, () -> draw(piece));
      }
    }
  }

  private void task(Executor threads, Runnable call) {
    threads.execute(
        () -> {
          if (!over) {
            call.run();
          }
        });
  }

  private void draw(Slice slice) {
    Bits parent =
        slice
            .prefix()
            .map(rendition -> Objects.requireNonNull(drawings.get(rendition)).bits())
            .orElseGet(() -> Bits.none(generator.bitsPerToken()));
    try {
      Generator.Drawn drawn =
          clock.time(Model.GENERATOR, () -> generator.draw(spec, slice, parent));
      drawn.drawings().forEach(drawing -> drawings.put(drawing.rendition(), drawing));
      verifiers.forEach(verifier -> handOver(verifier, drawn));
    } catch (RuntimeException e) {
      for (Lineage candidate : slice.candidates()) {
        for (Verifier verifier : verifiers) {
          events.add(unscorable(candidate, Optional.empty(), verifier, e));
        }
      }
    }
  }

  private void handOver(Verifier verifier, Generator.Drawn drawn) {
    Optional<Executor> own = verifier.ownThreads();
    if (own.isEmpty()) {
      task(executor, () -> score(verifier, drawn.drawings(), drawn.warnings()));
      return;
    }
    for (Drawing drawing : drawn.drawings()) {
      task(own.get(), () -> score(verifier, List.of(drawing), drawn.warnings()));
    }
  }

  private void score(Verifier verifier, List<Drawing> scored, Set<String> drawnWith) {
    try {
      List<Image> images = scored.stream().map(Drawing::image).toList();
      Verifier.Scores scores =
          clock.time(Model.VERIFIER, () -> verifier.score(spec.prompt(), images));
      Set<String> warnings = new HashSet<>(drawnWith);
      warnings.addAll(scores.warnings());
      for (int i = 0; i < scored.size(); i++) {
        Drawing drawing = scored.get(i);
        double score = scores.values()[i];
        events.add(
            new SearchEvent.Scored(
                drawing.lineage(), drawing.rendition(), verifier.name(), score, warnings));
      }
    } catch (RuntimeException e) {
      for (Drawing drawing : scored) {
        events.add(unscorable(drawing.lineage(), Optional.of(drawing.rendition()), verifier, e));
      }
    }
  }

  private static SearchEvent unscorable(
      Lineage candidate, Optional<Rendition> rendition, Verifier verifier, RuntimeException e) {
    return new SearchEvent.Unscorable(
        candidate, rendition, verifier.name(), String.valueOf(e.getMessage()), Set.of());
  }
}
