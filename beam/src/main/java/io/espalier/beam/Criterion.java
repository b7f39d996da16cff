package io.espalier.beam;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A verifier's part in a search.
///
/// @param weight how much it counts; one of weight 0 only watches
/// @param mean its mean score over its reference set
/// @param std its standard deviation there
/// @param best how many candidates of a scale it sees, by scale: the best by the verifiers that see
///     more; where absent it sees all
public record Criterion(
    String verifier, double weight, double mean, double std, Optional<ByScale> best) {

  /// A verifier that sees every candidate.
  public Criterion(String verifier, double weight, double mean, double std) {
    this(verifier, weight, mean, std, Optional.empty());
  }

  public Criterion {
    Check.that(
        weight >= 0 && Double.isFinite(weight),
        "verifier %s has the weight %s, but a weight is a positive number, or 0 to watch only",
        verifier,
        weight);
    Check.that(
        std > 0 && Double.isFinite(std) && Double.isFinite(mean),
        "verifier %s has the mean %s and the std %s, but needs finite ones and a positive std",
        verifier,
        mean,
        std);
    Check.that(
        best.isEmpty() || best.get().atLeast(0),
        "verifier %s is to see the best %s, but needs numbers that are not negative",
        verifier,
        best.map(ByScale::toString).orElse(""));
  }

  /// The most candidates of a scale that this verifier sees.
  int sees(int scale) {
    return best.map(limit -> limit.at(scale)).orElse(Integer.MAX_VALUE);
  }

  private double term(double score) {
    return weight * (score - mean) / std;
  }

  /// The weighted score of an image, over the verifiers that scored it.
  public static double weighted(List<Criterion> criteria, Map<String, Double> scores) {
    double sum = 0;
    for (Criterion criterion : criteria) {
      Double score = scores.get(criterion.verifier);
      if (score != null) {
        sum += criterion.term(score);
      }
    }
    return sum;
  }
}
