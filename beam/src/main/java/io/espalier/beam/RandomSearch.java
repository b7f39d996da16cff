package io.espalier.beam;

import io.espalier.beam.Selection.Survivor;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/// n independent images, of which the best is kept (the paper's random search).
public record RandomSearch(int images) implements Strategy {

  static final String TAG = "random";

  public RandomSearch {
    Check.that(images > 0, "images is %d, but a random search needs at least 1 image", images);
  }

  static RandomSearch of(Parameters given) {
    return new RandomSearch(given.integer("images", 15));
  }

  @Override
  public String type() {
    return TAG;
  }

  @Override
  public SequencedMap<String, Object> parameters() {
    SequencedMap<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("images", images);
    return parameters;
  }

  @Override
  public int firstDraws(int scale) {
    return images;
  }

  @Override
  public Selection select(Round round) {
    return Selection.of(
        round.ranked().stream()
            .filter(Round.Ranked::drawn)
            .limit(1)
            .map(best -> new Survivor(best.candidate(), 0))
            .toList());
  }

  @Override
  public Cost bound(SearchSpec spec) {
    return Plan.expansion(spec, spec.firstScale(), images);
  }

  @Override
  public long mostCandidates(int firstScale, int scales) {
    return images;
  }

  @Override
  public boolean expands() {
    return false;
  }
}
