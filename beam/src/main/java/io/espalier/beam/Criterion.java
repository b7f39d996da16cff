package io.espalier.beam;

import java.util.List;
import java.util.Map;

/// A verifier's part in a search.
///
/// @param weight how much it counts; one of weight 0 only watches
/// @param mean its mean score over its reference set
/// @param std its standard deviation there
public record Criterion(String verifier, double weight, double mean, double std) {

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
