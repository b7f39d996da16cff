package io.espalier.gateway;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Work that is done in rounds, one after the other, on a thread of its own: soon after somebody
/// asks for it, and every so often in case nobody could. A round that fails is logged, and the
/// next one comes all the same.
public final class Rounds implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Rounds.class);
  private static final Duration FAREWELL = Duration.ofSeconds(5);

  private final String name;
  private final Duration every;
  private final Runnable round;
  private final Semaphore asked = new Semaphore(1);
  private final Thread thread;

  private Rounds(String name, Duration every, Runnable round) {
    this.name = name;
    this.every = every;
    this.round = round;
    this.thread = Thread.ofPlatform().name(name).daemon().unstarted(this::run);
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

  private void run() {
    while (!thread.isInterrupted()) {
      try {
        if (asked.tryAcquire(every.toNanos(), TimeUnit.NANOSECONDS)) {
          asked.drainPermits();
        }
        round.run();
      } catch (InterruptedException _) {
        return;
      } catch (RuntimeException e) {
        if (!thread.isInterrupted()) {
          LOG.warn("a round of the {} failed; there will be another", name, e);
        }
      }
    }
  }

  /// Ends after the current round.
  @Override
  public void close() {
    thread.interrupt();
    try {
      if (!thread.join(FAREWELL)) {
        LOG.warn("the {} goes on with its round", name);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
