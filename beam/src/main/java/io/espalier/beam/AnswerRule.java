package io.espalier.beam;

/// Which image a search answers with.
public enum AnswerRule {
  /// The best full image that was scored at any scale.
  BEST_EVER,
  /// The best of the last frontier (the paper).
  LAST_FRONTIER
}
