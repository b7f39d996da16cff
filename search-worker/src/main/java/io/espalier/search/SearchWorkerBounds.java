package io.espalier.search;

import io.espalier.flow.service.Bounds;
import java.time.Duration;

/// The ranges of a search worker's settings.
final class SearchWorkerBounds {

  private SearchWorkerBounds() {}

  /// Checks every number and every time.
  ///
  /// @throws IllegalArgumentException with all that are out of their range
  static void check(SearchWorkerConfig config) {
    SearchWorkerConfig.Pruning pruning = config.pruning();
    Bounds bounds =
        Bounds.of("espalier.search.")
            .number("pruning.slice-size", pruning.sliceSize(), 1, 10_000)
            .time(
                "pruning.commit-interval",
                pruning.commitInterval(),
                Duration.ofMillis(1),
                Duration.ofSeconds(10))
            .time(
                "pruning.remembered",
                pruning.remembered(),
                Duration.ofMinutes(1),
                Duration.ofDays(365))
            .number("pruning.threads", pruning.threads(), 1, 1_000)
            .number("pruning.standbys", pruning.standbys(), 0, 100);
    pruning.window().ifPresent(window -> bounds.number("pruning.window", window, 1, 1_000_000));
    config
        .expansion()
        .concurrency()
        .ifPresent(slices -> bounds.number("expansion.concurrency", slices, 1, 10_000));
    bounds.check();
  }
}
