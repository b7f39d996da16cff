package io.espalier.beam;

import java.util.Comparator;
import java.util.List;
import java.util.Map;

/// A scored image of a search: the first one, the best one, the answer.
///
/// @param depth the last scale of its rollout
/// @param score the weighted score
/// @param scores by verifier
public record Scoring(
    Lineage lineage, int depth, Rendition rendition, double score, Map<String, Double> scores) {

  /// Best first: with the most verifiers' scores, then the highest score, then the smallest
  /// lineage.
  static final Comparator<Scoring> BEST_FIRST =
      Comparator.comparingInt((Scoring each) -> -each.scores.size())
          .thenComparing(Comparator.comparingDouble(Scoring::score).reversed())
          .thenComparing(Scoring::lineage);

  public Scoring {
    scores = Map.copyOf(scores);
  }

  static Scoring of(Candidate candidate, Attempt attempt, List<Criterion> criteria) {
    return new Scoring(
        candidate.lineage(),
        candidate.depth(),
        attempt.rendition(),
        Criterion.weighted(criteria, attempt.scores()),
        attempt.scores());
  }
}
