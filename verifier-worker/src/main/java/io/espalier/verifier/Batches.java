package io.espalier.verifier;

import io.espalier.flow.queue.FairQueue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/// Gathers items that may share a call. An item waits a little for others, and for its turn; the
/// first whose turn it is takes all that wait by then, or in turns by flow what fits. So batches
/// are small and quick while there is little to do, and full while there is much. Safe for any
/// number of threads.
final class Batches<T> {

  private record Waiting<T>(T item, CompletableFuture<Void> done) {}

  private final int size;
  private final ToIntFunction<T> weight;
  private final long delayNanos;
  private final Semaphore turns;
  private final Consumer<List<T>> work;
  private final FairQueue<Waiting<T>> waiting;
  private int waitingWeight;

  /// Gathers for some work.
  ///
  /// @param size what the items of a batch weigh at most; a heavier one is a batch by itself
  /// @param weight what an item weighs
  /// @param flow which flow an item belongs to
  /// @param delay how long an item waits for others
  /// @param atOnce how many batches are worked on at a time
  Batches(
      int size,
      ToIntFunction<T> weight,
      Function<T, ?> flow,
      Duration delay,
      int atOnce,
      Consumer<List<T>> work) {
    this.size = size;
    this.weight = weight;
    this.delayNanos = delay.toNanos();
    this.turns = new Semaphore(atOnce);
    this.work = work;
    this.waiting = new FairQueue<>(waiting -> flow.apply(waiting.item()));
  }

  /// Has an item worked on, in a batch with others; returns when that is done. For a thread of
  /// the item's own, best a virtual one.
  ///
  /// @throws java.util.concurrent.CompletionException where the work failed
  void work(T item) {
    Waiting<T> mine = new Waiting<>(item, new CompletableFuture<>());
    if (!add(mine)) {
      LockSupport.parkNanos(delayNanos);
    }
    turns.acquireUninterruptibly();
    try {
      take();
    } finally {
      turns.release();
    }
    mine.done().join();
  }

  /// Whether what waits fills a batch.
  private synchronized boolean add(Waiting<T> item) {
    waiting.add(item);
    waitingWeight += weight.applyAsInt(item.item());
    return waitingWeight >= size;
  }

  /// What the items weigh that wait.
  synchronized int waiting() {
    return waitingWeight;
  }

  private synchronized List<Waiting<T>> next() {
    List<Waiting<T>> batch = new ArrayList<>();
    int sum = 0;
    while (!waiting.isEmpty()) {
      int next = weight.applyAsInt(waiting.element().item());
      if (!batch.isEmpty() && sum + next > size) {
        break;
      }
      batch.add(waiting.remove());
      sum += next;
    }
    waitingWeight -= sum;
    return batch;
  }

  private void take() {
    List<Waiting<T>> batch = next();
    if (batch.isEmpty()) {
      return;
    }
    try {
      work.accept(batch.stream().map(Waiting::item).toList());
      batch.forEach(each -> each.done().complete(null));
    } catch (RuntimeException | Error e) {
      batch.forEach(each -> each.done().completeExceptionally(e));
    }
  }
}
