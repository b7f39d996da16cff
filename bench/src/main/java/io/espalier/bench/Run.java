package io.espalier.bench;

import io.espalier.contracts.ResultDocument.Ledger;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/// One search of the experiment.
///
/// @param answer the answer's lineage; absent where there is none
/// @param images every candidate that has an image, by scale, then by lineage
public record Run(
    String cell,
    String task,
    String prompt,
    boolean heldOut,
    long seed,
    @Nullable String answer,
    Ledger ledger,
    List<Pictured> images) {

  /// A candidate.
  ///
  /// @param full whether it was rolled out to the last scale
  /// @param score the weighted one
  /// @param right what the judge says, who steers nothing
  public record Pictured(
      String lineage,
      int scale,
      boolean full,
      Map<String, Double> scores,
      double score,
      boolean right,
      long nfe,
      long tokenForwards) {

    /// 1 where the judge says that it is right, else 0.
    double verdict() {
      return right ? 1 : 0;
    }
  }

  /// The same of another cell, which searches in the same way.
  Run as(Cell other) {
    return new Run(other.name(), task, prompt, heldOut, seed, answer, ledger, images);
  }

  /// The answer.
  Optional<Pictured> answered() {
    return images.stream().filter(image -> image.lineage().equals(answer)).findFirst();
  }

  /// The very first image: what a single draw gives.
  Optional<Pictured> first() {
    return images.stream().filter(image -> image.lineage().equals("0")).findFirst();
  }

  /// What is to be expected of the best of so many of its images, over all ways to choose them: of
  /// the answer of a random search of so many, without the luck of which came first.
  ///
  /// @param measure what is asked of the best
  double ofBest(int chosen, ToDoubleFunction<Pictured> measure) {
    List<Pictured> best =
        images.stream().sorted(Comparator.comparingDouble(Pictured::score).reversed()).toList();
    int all = best.size();
    double expected = 0;
    // That this image is chosen and none before it: C(all − 1 − i, chosen − 1) / C(all, chosen).
    double chance = (double) chosen / all;
    for (int i = 0; i <= all - chosen; i++) {
      expected += chance * measure.applyAsDouble(best.get(i));
      chance *= (double) (all - i - chosen) / (all - 1 - i);
    }
    return expected;
  }

  /// What the search would have answered after a scale.
  Optional<Pictured> bestUpTo(int scale) {
    return images.stream()
        .filter(image -> image.full() && image.scale() <= scale)
        .reduce((best, next) -> next.score() > best.score() ? next : best);
  }

  /// The best by one verifier alone.
  Optional<Pictured> bestBy(String verifier) {
    return images.stream()
        .filter(image -> image.full() && image.scores().containsKey(verifier))
        .max(Comparator.comparingDouble(image -> image.scores().get(verifier)));
  }

  /// The cost of the scales up to one.
  long nfeUpTo(int scale) {
    return images.stream().filter(image -> image.scale() <= scale).mapToLong(Pictured::nfe).sum();
  }

  /// As above, in token-forwards.
  long tokenForwardsUpTo(int scale) {
    return images.stream()
        .filter(image -> image.scale() <= scale)
        .mapToLong(Pictured::tokenForwards)
        .sum();
  }
}
