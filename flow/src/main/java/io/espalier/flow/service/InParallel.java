package io.espalier.flow.service;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;

/// Blocking work on several items side by side, each on a virtual thread of its own.
public final class InParallel {

  private InParallel() {}

  /// Works on all items; returns when all are done.
  ///
  /// @throws RuntimeException the first item's that failed
  public static <T> void run(Collection<T> items, Consumer<T> work) {
    map(
        items,
        item -> {
          work.accept(item);
          return item;
        });
  }

  /// Makes something of each item, in their order; returns when all are done.
  ///
  /// @throws RuntimeException the first item's that failed
  public static <T, R> List<R> map(Collection<T> items, Function<T, R> work) {
    List<Future<R>> made;
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      made = items.stream().map(item -> threads.submit(() -> work.apply(item))).toList();
    }
    return made.stream().map(InParallel::outcome).toList();
  }

  private static <R> R outcome(Future<R> done) {
    return switch (done.state()) {
      case SUCCESS -> done.resultNow();
      case FAILED -> {
        if (done.exceptionNow() instanceof RuntimeException known) {
          throw known;
        }
        throw new IllegalStateException(done.exceptionNow());
      }
      case RUNNING, CANCELLED -> throw new IllegalStateException("every item is done here");
    };
  }
}
