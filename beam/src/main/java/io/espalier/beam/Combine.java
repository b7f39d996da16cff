package io.espalier.beam;

import java.util.List;
import java.util.Map;

/// How the scores of several verifiers become the one value that prunes.
public enum Combine {
  /// Σ weight · (score − mean) / std, with each verifier's own mean and std.
  WEIGHTED {
    @Override
    double[] values(List<Map<String, Double>> scores, List<Criterion> criteria) {
      return scores.stream().mapToDouble(each -> Criterion.weighted(criteria, each)).toArray();
    }
  },
  /// The mean rank in the candidate set, by weight, negated so that higher is better; equal
  /// scores share the mean of their ranks (the paper's ensemble).
  RANK {
    @Override
    double[] values(List<Map<String, Double>> scores, List<Criterion> criteria) {
      double[] values = new double[scores.size()];
      double weights = criteria.stream().mapToDouble(Criterion::weight).sum();
      for (Criterion criterion : criteria) {
        double[] column =
            scores.stream()
                .mapToDouble(
                    each -> each.getOrDefault(criterion.verifier(), Double.NEGATIVE_INFINITY))
                .toArray();
        for (int i = 0; i < column.length; i++) {
          values[i] -= criterion.weight() / weights * rank(column, i);
        }
      }
      return values;
    }
  };

  /// One value per candidate, higher is better. A candidate may lack a verifier's score.
  abstract double[] values(List<Map<String, Double>> scores, List<Criterion> criteria);

  private static double rank(double[] column, int candidate) {
    int better = 0;
    int equal = 0;
    for (double score : column) {
      if (score > column[candidate]) {
        better++;
      } else if (score == column[candidate]) {
        equal++;
      }
    }
    return 1 + better + (equal - 1) / 2.0;
  }
}
