package io.espalier.beam;

import java.util.List;

/// Draws candidates. Called from several threads at once.
public interface Generator {

  /// Draws one slice.
  ///
  /// @param parent the bits of the parent's rollout, at least up to the parent's scale
  /// @return a drawing per branch, in the slice's order, each a function of (seed, lineage,
  ///     parent's bits) alone
  List<Drawing> draw(SearchSpec spec, Slice slice, Bits parent);

  /// Bits per token (D).
  int bitsPerToken();
}
