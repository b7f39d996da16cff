package io.espalier.beam;

import java.util.List;
import java.util.Set;

/// Draws candidates. Called from several threads at once.
public interface Generator {

  /// Draws one slice.
  ///
  /// @param parent the bits of the parent's rollout, at least up to the parent's scale
  /// @return a drawing per branch, in the slice's order, each a function of (seed, lineage,
  ///     parent's bits) alone
  Drawn draw(SearchSpec spec, Slice slice, Bits parent);

  /// Bits per token (D).
  int bitsPerToken();

  /// What a slice gave.
  ///
  /// @param drawings one per branch, in the slice's order, each a function of (seed, lineage,
  ///     parent's bits) alone
  /// @param warnings what the job's owner should know, such as a word that the model does not
  ///     know
  record Drawn(List<Drawing> drawings, Set<String> warnings) {}
}
