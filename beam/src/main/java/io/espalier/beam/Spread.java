package io.espalier.beam;

import io.espalier.beam.Round.Ranked;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// Orders candidates for spread: greedy farthest point, Gonzalez, *Clustering to minimize the
/// maximum intercluster distance*, 1985.
final class Spread {

  private Spread() {}

  /// The best candidate first, then always the one that is farthest from those before it, by the
  /// Euclidean distance of a verifier's feature vectors. One without features is as near as can
  /// be; ties go to the better candidate.
  ///
  /// @param candidates best first
  static List<Ranked> order(List<Ranked> candidates, String verifier) {
    List<Ranked> left = new ArrayList<>(candidates);
    List<Ranked> ordered = new ArrayList<>();
    List<Double> distances =
        new ArrayList<>(Collections.nCopies(left.size(), Double.POSITIVE_INFINITY));
    while (!left.isEmpty()) {
      int farthest = 0;
      for (int i = 1; i < left.size(); i++) {
        if (distances.get(i) > distances.get(farthest)) {
          farthest = i;
        }
      }
      Ranked chosen = left.remove(farthest);
      distances.remove(farthest);
      ordered.add(chosen);
      for (int i = 0; i < left.size(); i++) {
        distances.set(i, Math.min(distances.get(i), squared(left.get(i), chosen, verifier)));
      }
    }
    return ordered;
  }

  private static double squared(Ranked one, Ranked other, String verifier) {
    List<Float> a = one.candidate().features(verifier);
    List<Float> b = other.candidate().features(verifier);
    double sum = 0;
    for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
      double apart = (double) a.get(i) - b.get(i);
      sum += apart * apart;
    }
    return sum;
  }
}
