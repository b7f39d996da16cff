package io.espalier.beam;

import java.util.List;
import java.util.Optional;

/// What a search tells while it runs, numbered from 0 without a gap.
public sealed interface Report {

  long sequence();

  /// The search began.
  ///
  /// @param planned what the whole search costs if nothing ends it early
  record Started(long sequence, Cost planned) implements Report {}

  /// Candidates have the answers of all verifiers that were asked: those of one slice, normally.
  ///
  /// @param candidates at least one, by lineage
  /// @param awaited how many candidates are still without
  /// @param best the best full image so far, these included
  record Scored(
      long sequence, List<Scoring> candidates, int awaited, Cost spent, Optional<Scoring> best)
      implements Report {
    public Scored {
      candidates = List.copyOf(candidates);
    }
  }

  /// A scale was pruned.
  ///
  /// @param kept the new frontier, best first
  record Pruned(
      long sequence, int scale, List<Lineage> kept, int candidates, Optional<Scoring> best)
      implements Report {}
}
