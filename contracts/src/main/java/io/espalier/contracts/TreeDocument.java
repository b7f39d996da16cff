package io.espalier.contracts;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `tree.json`: a whole search, replayable. It holds no time and no job id, so the same search
/// always gives the same document.
///
/// @param scales the token grids, [height, width] each
/// @param answer the lineage of the answer; absent where there is none
/// @param nodes every candidate, by scale, then by lineage
public record TreeDocument(
    int schema,
    String prompt,
    Settings settings,
    BundleName bundle,
    List<List<Integer>> scales,
    String status,
    String reason,
    @Nullable String answer,
    Cost cost,
    List<Node> nodes) {

  public static final int SCHEMA = 1;

  /// Planned cost.
  public record Cost(long nfe, long tokenForwards) {}

  /// One candidate.
  ///
  /// @param depth the last scale of its rollout
  /// @param bits the digest of the rollout's bits; absent where nothing was drawn, as image
  /// @param score the weighted score
  /// @param rank its place in its scale, from 1; absent where its scale was never pruned, as
  ///     value
  /// @param value what it was ranked by, higher is better
  /// @param offspring how many branches it was given at the next scale; absent where it was not
  /// kept
  /// @param fate `kept` or `pruned`; `scored` or `awaited` where its scale was never pruned;
  ///     `completed` where it is a cut image drawn to the last scale; `unscorable` where there is
  ///     no image
  public record Node(
      String lineage,
      int scale,
      int depth,
      @Nullable String bits,
      @Nullable String image,
      Map<String, Double> scores,
      @Nullable Double score,
      @Nullable Integer rank,
      @Nullable Double value,
      @Nullable Integer offspring,
      String fate,
      String reason,
      Cost cost) {}
}
