package io.espalier.beam;

import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/// When a search stops early. All of it is looked at only between rounds, so it is deterministic; a
/// deadline is an event from outside ([SearchEvent.DeadlinePassed]).
///
/// @param maxNfe never more function evaluations than this
/// @param targetScore stop once a full image has this weighted score
/// @param confidence stop once a full image is right with some probability
public record Budget(
    OptionalLong maxNfe, OptionalDouble targetScore, Optional<Confidence> confidence) {

  /// A probability, and how it follows from a weighted score.
  public record Confidence(double probability, Calibration calibration) {
    public Confidence {
      Check.that(
          probability > 0 && probability <= 1,
          "confidence is %s, but must be a probability above 0 and not above 1",
          probability);
    }
  }

  public Budget {
    Check.that(
        maxNfe.isEmpty() || maxNfe.getAsLong() > 0,
        "max-nfe is %s, but it must be positive",
        maxNfe.isPresent() ? maxNfe.getAsLong() : "");
    Check.that(
        targetScore.isEmpty() || Double.isFinite(targetScore.getAsDouble()),
        "target-score must be a finite number");
  }

  public static Budget none() {
    return new Budget(OptionalLong.empty(), OptionalDouble.empty(), Optional.empty());
  }

  /// Why a search stops with this weighted score of its best full image; empty where it continues.
  Optional<String> reached(double score) {
    if (targetScore.isPresent() && score >= targetScore.getAsDouble()) {
      return Optional.of("the target score was reached");
    }
    return confidence
        .filter(asked -> asked.calibration.probability(score) >= asked.probability)
        .map(
            asked ->
                "the image is right with a probability of at least %s"
                    .formatted(asked.probability));
  }
}
