package io.espalier.beam;

import java.util.List;

/// How far a candidate is rolled out before verifiers see it.
public sealed interface RolloutDepth {

  /// The last scale drawn for a candidate of a scale, in a schedule of K scales.
  int reach(int scale, int scales);

  /// The largest scale that is asked for by its number; 0 where none is.
  default int deepest() {
    return 0;
  }

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

    @Override
    public int deepest() {
      return depth;
    }
  }

  /// Not at all: the prefix alone is decoded, as TTS-VAR does.
  record Prefix() implements RolloutDepth {
    @Override
    public int reach(int scale, int scales) {
      return scale;
    }
  }

  /// Another depth for each scale; beyond the end of the list its last one holds.
  record ByScale(List<RolloutDepth> depths) implements RolloutDepth {
    public ByScale {
      depths = List.copyOf(depths);
      Check.that(!depths.isEmpty(), "a list of rollout depths is empty; give one depth at least");
    }

    @Override
    public int reach(int scale, int scales) {
      return depths.get(Math.min(scale, depths.size()) - 1).reach(scale, scales);
    }

    @Override
    public int deepest() {
      return depths.stream().mapToInt(RolloutDepth::deepest).max().orElse(0);
    }
  }
}
