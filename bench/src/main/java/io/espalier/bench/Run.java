package io.espalier.bench;

import io.espalier.contracts.ResultDocument.Ledger;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
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
      long tokenForwards) {}

  /// The answer.
  Optional<Pictured> answered() {
    return images.stream().filter(image -> image.lineage().equals(answer)).findFirst();
  }

  /// The very first image: what a single draw gives.
  Optional<Pictured> first() {
    return images.stream().filter(image -> image.lineage().equals("0")).findFirst();
  }

  /// What the search would have answered after so many of its candidates, as they are listed.
  Optional<Pictured> bestOf(int candidates) {
    return best(images.stream().limit(candidates));
  }

  /// What the search would have answered after a scale.
  Optional<Pictured> bestUpTo(int scale) {
    return best(images.stream().filter(image -> image.scale() <= scale));
  }

  private static Optional<Pictured> best(Stream<Pictured> images) {
    return images
        .filter(Pictured::full)
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
