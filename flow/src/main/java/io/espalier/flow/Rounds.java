package io.espalier.flow;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Work that is done in rounds, one after the other, on a thread of its own: soon after somebody
/// asks for it, and every so often in case nobody could. A round that fails is logged, and the
/// next one comes all the same, even after an `Error`.
public final class Rounds implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Rounds.class);

  private final String name;
  private final Duration every;
  private final Runnable round;
  private final Semaphore asked = new Semaphore(1);
  private final LastingThread thread;

  private Rounds(String name, Duration every, Runnable round) {
    this.name = name;
    this.every = every;
    this.round = round;
    this.thread = new LastingThread(name, this::turn);
  }

  /// Begins with the first round.
  public static Rounds start(String name, Duration every, Runnable round) {
    Rounds rounds = new Rounds(name, every, round);
    rounds.thread.start();
    return rounds;
  }

  /// Asks for a round that begins after this call; returns at once.
  public void ask() {
    asked.release();
  }

  /// Whether there are rounds, and the latest did not end in an `Error`. What a round needs may be
  /// away, which is no fault of its own.
  public boolean healthy() {
    return thread.healthy();
  }

  private void turn() throws InterruptedException {
    if (asked.tryAcquire(every.toNanos(), TimeUnit.NANOSECONDS)) {
      asked.drainPermits();
    }
    try {
      round.run();
    } catch (RuntimeException e) {
      if (!thread.stopping()) {
        LOG.warn("a round of the {} failed; there will be another", name, e);
      }
    }
  }

  /// Ends after the current round.
  @Override
  public void close() {
    thread.stop();
  }
}
