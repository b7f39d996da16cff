package io.espalier.beam;

import io.espalier.beam.Round.Ranked;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Orders candidates, best first.
///
/// A candidate without a score from some verifier ranks after all that have it; one without an
/// image comes last. Ties go to the smaller lineage.
final class Ranking {

  private Ranking() {}

  /// By the scores of some verifiers alone.
  static List<Ranked> of(List<Candidate> candidates, Combine combine, List<Criterion> criteria) {
    List<Map<String, Double>> scores =
        candidates.stream().map(candidate -> scores(candidate, criteria)).toList();
    double[] values = combine.values(scores, criteria);
    List<Ranked> ranked = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      int known = candidates.get(i).result().isPresent() ? scores.get(i).size() : -1;
      ranked.add(new Ranked(candidates.get(i), known, values[i]));
    }
    ranked.sort(
        Comparator.comparingInt(Ranked::scores)
            .thenComparingDouble(Ranked::value)
            .reversed()
            .thenComparing(Ranked::lineage));
    return ranked;
  }

  private static Map<String, Double> scores(Candidate candidate, List<Criterion> criteria) {
    Map<String, Double> scores = new HashMap<>();
    candidate
        .result()
        .ifPresent(
            attempt ->
                criteria.forEach(
                    criterion -> {
                      Double score = attempt.scores().get(criterion.verifier());
                      if (score != null) {
                        scores.put(criterion.verifier(), score);
                      }
                    }));
    return scores;
  }
}
