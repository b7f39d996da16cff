package io.espalier.models;

import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/// A device that is not there. A call on it takes as long as it is told to, on the calling thread,
/// which may make the outputs meanwhile. Like a native call, it cannot be interrupted.
/// Thread-safe: each thread that makes calls stands for a device of its own.
final class SimulatedDevice {

  /// What the time is taken from.
  interface Time {

    /// As [System#nanoTime()].
    long nanos();

    /// Waits on the calling thread.
    void sleep(long nanos) throws InterruptedException;
  }

  private static final Time SYSTEM =
      new Time() {
        @Override
        public long nanos() {
          return System.nanoTime();
        }

        @Override
        public void sleep(long nanos) throws InterruptedException {
          TimeUnit.NANOSECONDS.sleep(nanos);
        }
      };

  private static final double SECOND = 1e9;

  private final Time time;

  SimulatedDevice() {
    this(SYSTEM);
  }

  SimulatedDevice(Time time) {
    this.time = time;
  }

  /// Makes a call.
  ///
  /// @param seconds how long it takes; longer only if making the outputs does
  <T> T call(double seconds, Supplier<T> outputs) {
    long end = time.nanos() + (long) (seconds * SECOND);
    T made = outputs.get();
    boolean interrupted = false;
    for (long left = end - time.nanos(); left > 0; left = end - time.nanos()) {
      try {
        time.sleep(left);
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return made;
  }
}
