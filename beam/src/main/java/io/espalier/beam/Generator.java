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

  /// A slice that a search wants drawn.
  ///
  /// @param parent the bits of the parent's rollout, at least up to the parent's scale
  record Wanted(SearchSpec spec, Slice slice, Bits parent) {}

  /// What slices of one search or of several must have in common to be drawn in one call.
  ///
  /// @param shape equal for slices that may share a call
  /// @param slices how many of them one call should draw at most; 1 where more would be no faster
  record Sharing(Object shape, int slices) {}

  /// With what a slice may share a call; with nothing, where a generator does not say otherwise.
  default Sharing sharing(Wanted slice) {
    return new Sharing(slice, 1);
  }

  /// Draws slices of one shape, in one call where the memory allows it. Gives for each what [#draw]
  /// would.
  default List<Drawn> drawTogether(List<Wanted> slices) {
    return slices.stream().map(each -> draw(each.spec(), each.slice(), each.parent())).toList();
  }

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
