package io.espalier.beam;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;

/// Every strategy by its tag.
final class StrategyTypes {

  static final Map<String, Function<Parameters, Strategy>> BY_TAG = byTag();

  private StrategyTypes() {}

  private static SequencedMap<String, Function<Parameters, Strategy>> byTag() {
    SequencedMap<String, Function<Parameters, Strategy>> types = new LinkedHashMap<>();
    types.put(RandomSearch.TAG, RandomSearch::of);
    types.put(GreedySearch.TAG, GreedySearch::of);
    types.put(BeamSearch.TAG, BeamSearch::of);
    types.put(SequentialMonteCarlo.TAG, SequentialMonteCarlo::of);
    types.put(ThresholdSearch.TAG, ThresholdSearch::of);
    types.put(BacktrackingSearch.TAG, BacktrackingSearch::of);
    return types;
  }
}
