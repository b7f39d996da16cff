package io.espalier.search.pruning;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/// How often pruning's threads died lately. A thread that dies once is replaced at once; one that
/// dies over and over waits longer each time, and in the end fails liveness. Safe for any number of
/// threads.
final class Restarts {

  /// So many deaths within [#LATELY] are too many.
  static final int TOO_MANY = 5;

  static final Duration LATELY = Duration.ofMinutes(5);

  private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  private final Deque<Long> deaths = new ArrayDeque<>();
  private long total;

  /// Notes a death.
  ///
  /// @param now nanoseconds
  /// @return how long to wait before another thread takes over
  synchronized Duration died(long now) {
    total++;
    deaths.add(now);
    int lately = lately(now);
    if (lately == 1) {
      return Duration.ZERO;
    }
    Duration pause = FIRST_PAUSE.multipliedBy(1L << Math.min(10, lately - 2));
    return pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE;
  }

  /// Whether there were too many deaths lately.
  synchronized boolean tooMany(long now) {
    return lately(now) >= TOO_MANY;
  }

  /// All deaths since the start.
  synchronized long total() {
    return total;
  }

  private int lately(long now) {
    while (!deaths.isEmpty() && now - deaths.element() > LATELY.toNanos()) {
      deaths.remove();
    }
    return deaths.size();
  }
}
