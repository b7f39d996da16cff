package io.espalier.gateway;

import io.espalier.flow.service.Bounds;
import java.time.Duration;

/// The ranges of a gateway's settings. Below them something spins or never comes to an end; above
/// them a number was mistyped.
final class GatewayBounds {

  private static final Duration NONE = Duration.ZERO;
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Duration DAY = Duration.ofDays(1);
  private static final Duration MONTH = Duration.ofDays(30);
  private static final Duration CENTURY = Duration.ofDays(36_500);

  private GatewayBounds() {}

  /// Checks every number and every time.
  ///
  /// @throws IllegalArgumentException with all that are out of their range
  static void check(GatewayConfig config) {
    GatewayConfig.Watching watching = config.watching();
    Bounds bounds =
        Bounds.of("espalier.gateway.")
            .number("running", config.running(), 1, 100_000)
            .number("average-size", config.averageSize(), 1, 1_000_000)
            .number("largest-body", config.largestBody(), 1_024, 16 << 20)
            // Workers tell every five seconds.
            .time("served-for", config.servedFor(), Duration.ofSeconds(10), DAY)
            .time("every", config.every(), Duration.ofMillis(10), MINUTE)
            .time("longest-search", config.longestSearch(), SECOND, MONTH)
            .time("grace", config.grace(), SECOND, DAY)
            .time("keep-candidates", config.keepCandidates(), NONE, CENTURY)
            .time("late-work", config.lateWork(), MINUTE, MONTH)
            .time("sweep-every", config.sweepEvery(), Duration.ofMillis(100), DAY)
            .time("watching.every", watching.every(), Duration.ofMillis(100), HOUR)
            .time("watching.heartbeat", watching.heartbeat(), SECOND, HOUR)
            .time("watching.gap", watching.gap(), NONE, HOUR);
    config.keepJobs().ifPresent(kept -> bounds.time("keep-jobs", kept, MINUTE, CENTURY));
    bounds.check();
  }
}
