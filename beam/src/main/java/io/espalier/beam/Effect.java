package io.espalier.beam;

import java.util.List;
import java.util.SequencedMap;

/// What a search wants done, in the order given.
public sealed interface Effect {

  /// Draw these branches and have some verifiers score them.
  ///
  /// @param verifiers in the order of the search's criteria
  record Expand(Slice slice, List<String> verifiers) implements Effect {
    public Expand {
      verifiers = List.copyOf(verifiers);
    }
  }

  /// Have one more verifier score images that were drawn before.
  ///
  /// @param images by candidate
  record Verify(String verifier, SequencedMap<Lineage, Rendition> images) implements Effect {}

  /// Tell whoever watches.
  record Tell(Report report) implements Effect {}

  /// The search is over: write the result.
  ///
  /// @param sequence the number of the last report, which tells of the result
  record Decide(long sequence, Decision decision) implements Effect {}
}
