package io.espalier.beam;

/// How far a candidate is rolled out before verifiers see it.
public sealed interface RolloutDepth {

  /// The last scale drawn for a candidate of a scale, in a schedule of K scales.
  int reach(int scale, int scales);

  /// To the last scale: every scored image is a full image (the paper).
  record Full() implements RolloutDepth {
    @Override
    public int reach(int scale, int scales) {
      return scales;
    }
  }

  /// To a scale m, or not at all beyond it.
  record ToScale(int depth) implements RolloutDepth {
    public ToScale {
      Check.that(depth > 0, "a rollout depth of %d draws nothing; scales start at 1", depth);
    }

    @Override
    public int reach(int scale, int scales) {
      return Math.min(scales, Math.max(scale, depth));
    }
  }

  /// Not at all: the prefix alone is decoded, as TTS-VAR does.
  record Prefix() implements RolloutDepth {
    @Override
    public int reach(int scale, int scales) {
      return scale;
    }
  }
}
