package io.espalier.beam;

import java.util.List;

/// What a strategy makes of a round.
///
/// @param survivors the candidates that live on, best first
/// @param more further branches of nodes that grew before. If there are any and the budget pays
///     for them, they are drawn and nothing is pruned yet; otherwise the survivors are the
///     frontier
public record Selection(List<Survivor> survivors, List<Growth> more) {

  /// A candidate that lives on.
  ///
  /// @param offspring how many branches it has at the next scale, a carried rollout included; 0
  ///     where it is kept and not expanded
  public record Survivor(Candidate candidate, int offspring) {}

  /// Branches to draw.
  ///
  /// @param parent a node that was expanded before, or the origin
  public record Growth(Lineage parent, int draws) {}

  public Selection {
    survivors = List.copyOf(survivors);
    more = List.copyOf(more);
  }

  static Selection of(List<Survivor> survivors) {
    return new Selection(survivors, List.of());
  }
}
