package io.espalier.beam;

import java.util.OptionalDouble;
import java.util.OptionalLong;

/// When a search stops early. Both are looked at only between scales, so they are deterministic;
/// a deadline is an event from outside ([SearchEvent.DeadlinePassed]).
///
/// @param maxNfe never more function evaluations than this
/// @param targetScore stop once a full image has this weighted score
public record Budget(OptionalLong maxNfe, OptionalDouble targetScore) {

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
    return new Budget(OptionalLong.empty(), OptionalDouble.empty());
  }
}
