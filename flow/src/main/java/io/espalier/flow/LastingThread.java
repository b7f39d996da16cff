package io.espalier.flow;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A thread that takes turn after turn until it is stopped, whatever a turn throws: an `Error` too
/// is logged, and the next turn comes after a pause, which grows while turns fail. So nothing ends
/// it silently, and [#healthy()] says whether it is doing its work.
public final class LastingThread {

  /// What is done again and again, on the thread itself.
  @FunctionalInterface
  public interface Turn {
    void take() throws InterruptedException;
  }

  private static final Logger LOG = LoggerFactory.getLogger(LastingThread.class);
  private static final Duration FAREWELL = Duration.ofSeconds(5);
  private static final long FIRST_PAUSE_MILLIS = 1_000;
  private static final long LONGEST_PAUSE_MILLIS = 30_000;

  private final Turn turn;
  private final Runnable last;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread thread;
  private volatile boolean failing;

  /// Makes a thread, to be started.
  public LastingThread(String name, Turn turn) {
    this(name, turn, () -> {});
  }

  /// Makes a thread, to be started.
  ///
  /// @param last is done once it is stopped, on the thread itself
  public LastingThread(String name, Turn turn, Runnable last) {
    this.turn = turn;
    this.last = last;
    this.thread = Thread.ofPlatform().name(name).daemon().unstarted(this::run);
  }

  public void start() {
    thread.start();
  }

  /// Whether it runs, and its latest turn did not fail.
  public boolean healthy() {
    return thread.isAlive() && !failing;
  }

  public boolean stopping() {
    return stopped.getCount() == 0;
  }

  private void run() {
    long pauseMillis = FIRST_PAUSE_MILLIS;
    while (!stopping()) {
      try {
        turn.take();
        failing = false;
        pauseMillis = FIRST_PAUSE_MILLIS;
      } catch (Throwable e) {
        if (!stopping()) {
          failing = true;
          log(e);
          pause(pauseMillis);
          pauseMillis = Math.min(2 * pauseMillis, LONGEST_PAUSE_MILLIS);
        }
      }
      if (Thread.interrupted() && !stopping()) {
        LOG.debug("{} was interrupted, but not stopped", thread.getName());
      }
    }
    try {
      last.run();
    } catch (Throwable e) {
      log(e);
    }
  }

  /// Logging can fail too, such as for want of memory.
  private void log(Throwable e) {
    try {
      LOG.error("a turn of the thread '{}' failed; there will be another", thread.getName(), e);
    } catch (Throwable _) {
      failing = true;
    }
  }

  /// Waits a little before something is tried again; for the thread itself.
  public void pause() {
    pause(FIRST_PAUSE_MILLIS);
  }

  private void pause(long millis) {
    try {
      if (stopped.await(millis, TimeUnit.MILLISECONDS)) {
        LOG.debug("{} is stopped", thread.getName());
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /// Ends by interrupting the current turn, and waits for that a little.
  public void stop() {
    stop(thread::interrupt);
  }

  /// Ends after the current turn, and waits for that a little.
  ///
  /// @param wake makes a waiting turn end
  public void stop(Runnable wake) {
    stopped.countDown();
    wake.run();
    try {
      if (thread.isAlive() && !thread.join(FAREWELL)) {
        LOG.warn("the thread '{}' has not stopped yet", thread.getName());
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
