package io.espalier.beam;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/// The guard against over-optimisation: a verifier of weight 0 watches, and where the verifiers
/// that steer like the answer better than the first image and the watcher does not, the result says
/// so.
final class Watchers {

  /// How much better the answer has to be, in standard deviations, before its watcher is asked.
  private static final double CLEARLY = 0.5;

  private Watchers() {}

  /// One warning for each watcher that does not see the gain.
  static List<String> warnings(Scoring first, Scoring answer, List<Criterion> criteria) {
    double weights = 0;
    double sum = 0;
    for (Criterion criterion : criteria) {
      OptionalDouble gain = gain(first, answer, criterion);
      if (criterion.weight() > 0 && gain.isPresent()) {
        weights += criterion.weight();
        sum += criterion.weight() * gain.getAsDouble();
      }
    }
    double steering = weights == 0 ? 0 : sum / weights;
    List<String> warnings = new ArrayList<>();
    for (Criterion criterion : criteria) {
      OptionalDouble gain = gain(first, answer, criterion);
      if (criterion.weight() == 0
          && steering >= CLEARLY
          && gain.isPresent()
          && gain.getAsDouble() <= 0) {
        warnings.add(
            String.format(
                Locale.ROOT,
                "%s, which only watches, does not see the gain: above the first image the answer"
                    + " is %.2f standard deviations by the verifiers that steer, and %.2f by %s;"
                    + " they may have been over-optimised",
                criterion.verifier(),
                steering,
                gain.getAsDouble(),
                criterion.verifier()));
      }
    }
    return warnings;
  }

  /// How much higher a verifier scores the answer, in standard deviations; empty where it did not
  /// score both.
  private static OptionalDouble gain(Scoring first, Scoring answer, Criterion criterion) {
    Double before = first.scores().get(criterion.verifier());
    Double after = answer.scores().get(criterion.verifier());
    return before == null || after == null
        ? OptionalDouble.empty()
        : OptionalDouble.of((after - before) / criterion.std());
  }
}
