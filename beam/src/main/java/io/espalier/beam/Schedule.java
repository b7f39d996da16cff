package io.espalier.beam;

import java.util.List;

/// The grids of a generator, coarse to fine. Scales are numbered from 1 to [#scales()] (the
/// paper's K).
public record Schedule(List<Grid> grids) {

  public Schedule {
    grids = List.copyOf(grids);
    Check.that(!grids.isEmpty(), "a schedule needs at least one scale");
  }

  /// The number of scales, K.
  public int scales() {
    return grids.size();
  }

  /// The tokens of the scales `first..last`, both included; none where `last < first`.
  public int tokens(int first, int last) {
    int tokens = 0;
    for (int scale = first; scale <= last; scale++) {
      tokens += grids.get(scale - 1).tokens();
    }
    return tokens;
  }
}
