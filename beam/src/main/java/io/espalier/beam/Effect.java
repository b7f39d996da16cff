package io.espalier.beam;

/// What a search wants done, in the order given.
public sealed interface Effect {

  /// Draw these branches and have every verifier score them.
  record Expand(Slice slice) implements Effect {}

  /// Tell whoever watches.
  record Tell(Report report) implements Effect {}

  /// The search is over: write the result.
  record Decide(Decision decision) implements Effect {}
}
