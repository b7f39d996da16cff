package io.espalier.beam;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// One rendition of a candidate and what the verifiers made of it so far.
///
/// @param scores by verifier
/// @param failures why a verifier gave no score, by verifier
/// @param features the feature vectors of its image, by the verifier that gave them
public record Attempt(
    Rendition rendition,
    Map<String, Double> scores,
    Map<String, String> failures,
    Map<String, List<Float>> features) {

  public Attempt {
    scores = Map.copyOf(scores);
    failures = Map.copyOf(failures);
    features = Map.copyOf(features);
  }

  static Attempt of(Rendition rendition) {
    return new Attempt(rendition, Map.of(), Map.of(), Map.of());
  }

  Attempt scored(String verifier, double score, List<Float> vector) {
    return new Attempt(
        rendition,
        with(scores, verifier, score),
        failures,
        vector.isEmpty() ? features : with(features, verifier, vector));
  }

  Attempt failed(String verifier, String reason) {
    return new Attempt(rendition, scores, with(failures, verifier, reason), features);
  }

  boolean heardFrom(String verifier) {
    return scores.containsKey(verifier) || failures.containsKey(verifier);
  }

  /// Whether every verifier has answered, for this rendition or for the candidate as a whole.
  boolean complete(List<String> verifiers, Set<String> failedForAll) {
    return verifiers.stream().allMatch(each -> heardFrom(each) || failedForAll.contains(each));
  }

  private static <V> Map<String, V> with(Map<String, V> map, String key, V value) {
    Map<String, V> longer = new HashMap<>(map);
    longer.putIfAbsent(key, value);
    return longer;
  }
}
