package io.espalier.beam;

import java.util.List;
import java.util.Optional;

/// Draws any node of a search tree again, from the search and the node's lineage alone.
public final class Replay {

  private Replay() {}

  /// Draws the candidate that a node is, or whose rollout it lies on.
  ///
  /// @param base the bits of the spec's base; [Bits#none] where it has none
  /// @param depth the last scale to draw, at least the node's own
  public static Drawing draw(
      SearchSpec spec, Generator generator, Bits base, Lineage node, int depth) {
    Lineage drawn = node.key();
    Lineage parent = drawn.parent();
    Bits prefix =
        parent.scale() <= spec.origin().scale()
            ? base
            : draw(spec, generator, base, parent, parent.scale()).bits();
    Slice slice =
        new Slice(parent, Optional.empty(), drawn.scale(), depth, List.of(drawn.branch()));
    return generator.draw(spec, slice, prefix).drawings().getFirst();
  }
}
