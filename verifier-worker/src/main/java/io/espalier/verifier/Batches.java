package io.espalier.verifier;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// Gathers items that may share a call. An item waits a little for others, and for its turn; the
/// first whose turn it is takes all that wait by then. So batches are small and quick while there
/// is little to do, and full while there is much. Safe for any number of threads.
final class Batches<T> {

  private record Waiting<T>(T item, CompletableFuture<Void> done) {}

  private final int size;
  private final long delayNanos;
  private final Semaphore turns;
  private final Consumer<List<T>> work;
  private final BlockingQueue<Waiting<T>> waiting = new LinkedBlockingQueue<>();

  /// Gathers for some work.
  ///
  /// @param size the most items of a batch
  /// @param delay how long an item waits for others
  /// @param atOnce how many batches are worked on at a time
  Batches(int size, Duration delay, int atOnce, Consumer<List<T>> work) {
    this.size = size;
    this.delayNanos = delay.toNanos();
    this.turns = new Semaphore(atOnce);
    this.work = work;
  }

  /// Has an item worked on, in a batch with others; returns when that is done. For a thread of
  /// the item's own, best a virtual one.
  ///
  /// @throws java.util.concurrent.CompletionException where the work failed
  void work(T item) {
    Waiting<T> mine = new Waiting<>(item, new CompletableFuture<>());
    waiting.add(mine);
    if (waiting.size() < size) {
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

  private void take() {
    List<Waiting<T>> batch = new ArrayList<>();
    waiting.drainTo(batch, size);
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
