package io.espalier.beam;

import java.util.List;
import java.util.Optional;
import java.util.SortedSet;

/// How a search ended.
///
/// @param reason why there is no better ending, for [Ending#FOUND] why it stopped early, else
///     empty
/// @param answer the image to answer with; absent where no full image was scored
/// @param first the very first image, to compare with
/// @param tree every candidate, by scale, then by lineage
public record Decision(
    Ending ending,
    String reason,
    Optional<Scoring> answer,
    Optional<Scoring> first,
    Cost cost,
    SortedSet<String> warnings,
    List<Candidate> tree) {

  public enum Ending {
    FOUND,
    CANCELLED,
    EXPIRED,
    FAILED
  }
}
