package io.espalier.beam;

import java.util.Optional;

/// The header of a running search; its candidates are rows of their own, see [Rows].
///
/// @param round the rounds so far: candidates that are awaited together
/// @param scale the deepest scale whose candidates are awaited
/// @param awaited how many of them no attempt has settled yet
/// @param reports how many reports were told, the next one's number
/// @param spent the planned cost of all that was asked for
/// @param best the best full image so far
/// @param first the very first image, once it is full and scored
/// @param ending why the search is being completed, once it is
public record SearchState(
    SearchSpec spec,
    Phase phase,
    int round,
    int scale,
    int awaited,
    long reports,
    Cost spent,
    Optional<Scoring> best,
    Optional<Scoring> first,
    Warnings warnings,
    String ending) {

  public enum Phase {
    /// Candidates of a scale are drawn and scored.
    SEARCHING,
    /// Cut images are drawn to the last scale and scored again, to answer with.
    COMPLETING,
    /// Nothing matters any more.
    ENDED
  }

  static SearchState before(SearchSpec spec) {
    return new SearchState(
        spec,
        Phase.SEARCHING,
        1,
        spec.firstScale(),
        0,
        0,
        Cost.NONE,
        Optional.empty(),
        Optional.empty(),
        Warnings.NONE,
        "");
  }
}
