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

  /// An image that a verifier looks at for a candidate.
  private record Looked(Lineage candidate, Rendition rendition, Image image) {}

  private final SearchSpec spec;
  private final Generator generator;
  private final List<Verifier> verifiers;
  private final Executor executor;
  private final int workers;
  private final ModelClock clock = new ModelClock();
  private final Map<Rendition, Drawing> drawings = new ConcurrentHashMap<>();
  private final BlockingQueue<List<SearchEvent>> events = new LinkedBlockingQueue<>();
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
      List<Effect.Expand> expansions = new ArrayList<>();
      for (Effect effect : turn.effects()) {
        switch (effect) {
          case Effect.Expand expansion -> expansions.add(expansion);
          case Effect.Verify verification -> verify(verification);
          case Effect.Tell(Report report) -> watcher.accept(report);
          case Effect.Decide(_, Decision decision) -> {
            return decision;
          }
        }
      }
      expand(expansions);
      turn = Pruning.on(turn.state(), rows, next(deadline, began));
    }
  }

  private List<SearchEvent> next(Optional<Duration> deadline, long began)
      throws InterruptedException {
    if (deadline.isEmpty()) {
      return events.take();
    }
    long left = deadline.get().toNanos() - (System.nanoTime() - began);
    List<SearchEvent> answers = events.poll(left, TimeUnit.NANOSECONDS);
    return answers == null ? List.of(new SearchEvent.DeadlinePassed()) : answers;
  }

  /// Cuts the work of a round so that every worker has about two tasks, and hands it out.
  private void expand(List<Effect.Expand> expansions) {
    int branches = expansions.stream().mapToInt(each -> each.slice().branches().size()).sum();
    int size = taskSize(branches);
    for (Effect.Expand expansion : expansions) {
      List<Verifier> asked =
          verifiers.stream().filter(each -> expansion.verifiers().contains(each.name())).toList();
      for (Slice piece : expansion.slice().cut(size)) {
        task(executor, () -> draw(piece, asked));
      }
    }
  }

  /// Hands out images that were drawn before to one more verifier.
  private void verify(Effect.Verify verification) {
    Verifier verifier =
        verifiers.stream()
            .filter(each -> each.name().equals(verification.verifier()))
            .findFirst()
            .orElseThrow();
    List<Looked> images = new ArrayList<>();
    verification
        .images()
        .forEach(
            (lineage, rendition) ->
                images.add(
                    new Looked(
                        lineage,
                        rendition,
                        Objects.requireNonNull(drawings.get(rendition)).image())));
    int size = taskSize(images.size());
    for (int from = 0; from < images.size(); from += size) {
      handOver(verifier, images.subList(from, Math.min(from + size, images.size())), Set.of());
    }
  }

  private int taskSize(int work) {
    return Math.max(1, Math.ceilDiv(work, 2 * workers));
  }

  private void task(Executor threads, Runnable call) {
    threads.execute(
        () -> {
          if (!over) {
            call.run();
          }
        });
  }

  private void draw(Slice slice, List<Verifier> asked) {
    Bits parent =
        slice
            .prefix()
            .map(rendition -> Objects.requireNonNull(drawings.get(rendition)).bits())
            .orElseGet(() -> Bits.none(generator.bitsPerToken()));
    try {
      Generator.Drawn drawn =
          clock.time(Model.GENERATOR, () -> generator.draw(spec, slice, parent));
      List<Looked> images = new ArrayList<>();
      for (Drawing drawing : drawn.drawings()) {
        Rendition rendition = drawing.rendition();
        drawings.put(rendition, drawing);
        images.add(new Looked(drawing.lineage(), rendition, drawing.image()));
      }
      asked.forEach(verifier -> handOver(verifier, images, drawn.warnings()));
    } catch (RuntimeException | Error e) { // running out of memory must end the search, not hang it
      List<SearchEvent> failures = new ArrayList<>();
      for (Lineage candidate : slice.candidates()) {
        for (Verifier verifier : asked) {
          failures.add(unscorable(candidate, Optional.empty(), verifier, e));
        }
      }
      events.add(failures);
    }
  }

  private void handOver(Verifier verifier, List<Looked> images, Set<String> drawnWith) {
    Optional<Executor> own = verifier.ownThreads();
    if (own.isEmpty()) {
      task(executor, () -> score(verifier, images, drawnWith));
      return;
    }
    for (Looked image : images) {
      task(own.get(), () -> score(verifier, List.of(image), drawnWith));
    }
  }

  private void score(Verifier verifier, List<Looked> looked, Set<String> drawnWith) {
    try {
      List<Image> images = looked.stream().map(Looked::image).toList();
      boolean wanted = spec.strategy().features().contains(verifier.name());
      Verifier.Scores scores =
          clock.time(
              Model.VERIFIER,
              () ->
                  wanted
                      ? verifier.scoreWithFeatures(spec.prompt(), images)
                      : verifier.score(spec.prompt(), images));
      Set<String> warnings = new HashSet<>(drawnWith);
      warnings.addAll(scores.warnings());
      List<SearchEvent> answers = new ArrayList<>();
      for (int i = 0; i < looked.size(); i++) {
        Looked each = looked.get(i);
        answers.add(
            new SearchEvent.Scored(
                each.candidate(),
                each.rendition(),
                verifier.name(),
                scores.values()[i],
                wanted ? scores.features(i) : List.of(),
                warnings));
      }
      events.add(answers);
    } catch (RuntimeException | Error e) { // running out of memory must end the search, not hang it
      events.add(
          looked.stream()
              .map(each -> unscorable(each.candidate(), Optional.of(each.rendition()), verifier, e))
              .toList());
    }
  }

  private static SearchEvent unscorable(
      Lineage candidate, Optional<Rendition> rendition, Verifier verifier, Throwable e) {
    return new SearchEvent.Unscorable(candidate, rendition, verifier.name(), reason(e), Set.of());
  }

  private static String reason(Throwable e) {
    String message = e.getMessage();
    return message == null || e instanceof Error ? e.toString() : message;
  }
}
