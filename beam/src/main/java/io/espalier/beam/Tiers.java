package io.espalier.beam;

import io.espalier.beam.Round.Ranked;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// Tiered verification: cheap verifiers see every candidate of a scale, and one that is limited
/// sees only the best by the scores of those that see more. Verifiers with the same limit see the
/// same candidates.
final class Tiers {

  private Tiers() {}

  /// Whom to ask next, and about which candidates; empty where everyone has seen what they are to
  /// see.
  ///
  /// @param candidates of one scale, all of them settled
  static SequencedMap<String, List<Candidate>> next(
      List<Candidate> candidates, int scale, SearchSpec spec) {
    List<Criterion> heard = new ArrayList<>();
    SequencedMap<String, List<Candidate>> asked = new LinkedHashMap<>();
    for (List<Criterion> tier : tiers(scale, spec)) {
      List<Candidate> best =
          Ranking.of(candidates, spec.combine(), heard).stream()
              .filter(Ranked::drawn)
              .limit(tier.getFirst().sees(scale))
              .map(Ranked::candidate)
              .toList();
      for (Criterion criterion : tier) {
        List<Candidate> missing =
            best.stream()
                .filter(candidate -> !candidate.asked().contains(criterion.verifier()))
                .toList();
        if (!missing.isEmpty()) {
          asked.put(criterion.verifier(), missing);
        }
      }
      if (!asked.isEmpty()) {
        return asked;
      }
      heard.addAll(tier);
    }
    return asked;
  }

  /// The verifiers of a scale, those that see the most first.
  private static List<List<Criterion>> tiers(int scale, SearchSpec spec) {
    SequencedMap<Integer, List<Criterion>> tiers = new LinkedHashMap<>();
    spec.criteria().stream()
        .filter(criterion -> criterion.sees(scale) > 0)
        .sorted(Comparator.comparingInt((Criterion criterion) -> criterion.sees(scale)).reversed())
        .forEach(
            criterion ->
                tiers
                    .computeIfAbsent(criterion.sees(scale), _ -> new ArrayList<>())
                    .add(criterion));
    return List.copyOf(tiers.values());
  }
}
