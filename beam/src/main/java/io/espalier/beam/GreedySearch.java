package io.espalier.beam;

import java.util.LinkedHashMap;
import java.util.SequencedMap;

/// Greedy token optimisation: a beam of width 1 (the paper's greedy search).
public record GreedySearch(int branches) implements Strategy {

  static final String TAG = "greedy";

  public GreedySearch {
    Check.that(branches > 0, "branches is %d, but a search needs at least 1 branch", branches);
  }

  static GreedySearch of(Parameters given) {
    return new GreedySearch(given.integer("branches", 5));
  }

  @Override
  public String type() {
    return TAG;
  }

  @Override
  public SequencedMap<String, Object> parameters() {
    SequencedMap<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("branches", branches);
    return parameters;
  }

  @Override
  public int firstDraws(int scale) {
    return asBeam().firstDraws(scale);
  }

  @Override
  public Selection select(Round round) {
    return asBeam().select(round);
  }

  @Override
  public Cost bound(SearchSpec spec) {
    return asBeam().bound(spec);
  }

  @Override
  public long mostCandidates(int firstScale, int scales) {
    return asBeam().mostCandidates(firstScale, scales);
  }

  private BeamSearch asBeam() {
    return new BeamSearch(1, branches);
  }
}
