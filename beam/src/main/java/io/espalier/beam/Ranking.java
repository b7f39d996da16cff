package io.espalier.beam;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/// Orders the candidates of a scale, best first, and says which become hypotheses.
///
/// A candidate without a score from some verifier ranks after all that have it; one without an
/// image is never kept. Ties go to the smaller lineage.
final class Ranking {

  private record Valued(Candidate candidate, int scores, double value) {}

  private Ranking() {}

  static List<Candidate> of(List<Candidate> candidates, SearchSpec spec) {
    List<Map<String, Double>> scores = candidates.stream().map(Ranking::scores).toList();
    double[] values = spec.combine().values(scores, spec.criteria());
    List<Valued> valued = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      int known = candidates.get(i).result().isPresent() ? scores.get(i).size() : -1;
      valued.add(new Valued(candidates.get(i), known, values[i]));
    }
    valued.sort(
        Comparator.comparingInt(Valued::scores)
            .thenComparingDouble(Valued::value)
            .reversed()
            .thenComparing(each -> each.candidate().lineage()));
    List<Candidate> ranked = new ArrayList<>();
    for (Valued each : valued) {
      boolean kept = ranked.size() < spec.strategy().width() && each.scores() >= 0;
      ranked.add(each.candidate().withFate(ranked.size() + 1, each.value(), kept));
    }
    return ranked;
  }

  private static Map<String, Double> scores(Candidate candidate) {
    return candidate.result().map(Attempt::scores).orElse(Map.of());
  }
}
