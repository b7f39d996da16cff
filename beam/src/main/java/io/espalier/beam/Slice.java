package io.espalier.beam;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Branches of one hypothesis to draw at one scale and to roll out: the unit of work of
/// expansion.
///
/// @param parent the hypothesis, or the root
/// @param prefix the rendition whose first bits are the prefix; none for the root
/// @param scale the scale to draw first, the parent's plus one
/// @param depth the last scale to draw
/// @param branches branch numbers; [Lineage#CARRY] goes on with the parent's own rollout
public record Slice(
    Lineage parent, Optional<Rendition> prefix, int scale, int depth, List<Integer> branches) {

  public Slice {
    branches = List.copyOf(branches);
  }

  /// The candidates that this slice draws, in the order of the branches.
  public List<Lineage> candidates() {
    return branches.stream().map(parent::child).toList();
  }

  /// The same work in slices of at most `size` branches.
  public List<Slice> cut(int size) {
    List<Slice> slices = new ArrayList<>();
    for (int from = 0; from < branches.size(); from += size) {
      int to = Math.min(from + size, branches.size());
      slices.add(new Slice(parent, prefix, scale, depth, branches.subList(from, to)));
    }
    return slices;
  }
}
