package io.espalier.beam;

import java.util.Optional;

/// The image that a search answers with, read from its candidates.
///
/// @param round the last round, whose hypotheses are the last frontier
/// @param best the best full image so far
record FinalAnswer(SearchSpec spec, Rows rows, int round, Optional<Scoring> best) {

  /// The candidate of the last frontier to answer with, its image perhaps cut; none where a full
  /// one is known already.
  Optional<Candidate> candidate() {
    if (spec.answer() == AnswerRule.BEST_EVER && best.isPresent()) {
      return Optional.empty();
    }
    return rows.all().stream()
        .filter(this::ofLastFrontier)
        .flatMap(candidate -> scoring(candidate).stream())
        .min(Scoring.BEST_FIRST)
        .flatMap(scoring -> rows.get(scoring.lineage()));
  }

  /// The full image to answer with, once it was completed where it was cut.
  Optional<Scoring> image() {
    return switch (spec.answer()) {
      case BEST_EVER -> best;
      case LAST_FRONTIER -> candidate().flatMap(this::fullImage).or(() -> best);
    };
  }

  /// Why there is none.
  ///
  /// @param reason why the search stopped; empty where it came to its end
  String whyNone(String reason) {
    String failure =
        rows.all().stream()
            .flatMap(candidate -> candidate.failures().values().stream().sorted())
            .findFirst()
            .orElse("no image was scored");
    return reason.isEmpty() ? failure : reason + ": " + failure;
  }

  private boolean ofLastFrontier(Candidate candidate) {
    return candidate.kept() && candidate.fate().orElseThrow().round() == round;
  }

  private Optional<Scoring> fullImage(Candidate candidate) {
    int missing = spec.schedule().scales() - candidate.depth();
    Lineage completed =
        missing == 0
            ? candidate.lineage()
            : candidate.lineage().carriedOn(candidate.depth() - candidate.lineage().scale() + 1);
    return rows.get(completed).flatMap(this::scoring);
  }

  private Optional<Scoring> scoring(Candidate candidate) {
    return candidate.result().map(attempt -> Scoring.of(candidate, attempt, spec.criteria()));
  }
}
