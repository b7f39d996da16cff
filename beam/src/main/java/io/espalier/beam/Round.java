package io.espalier.beam;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;

/// What a strategy sees once every candidate that was waited for is settled. A function of the
/// search alone: neither the order of answers nor time has a part in it.
public final class Round {

  /// A candidate and what it was ranked by.
  ///
  /// @param scores how many verifiers scored it; −1 where it has no image
  /// @param value the combined score, higher is better
  public record Ranked(Candidate candidate, int scores, double value) {

    /// Whether there is an image, without which nothing can be expanded.
    boolean drawn() {
      return scores >= 0;
    }

    Lineage lineage() {
      return candidate.lineage();
    }
  }

  private final SearchSpec spec;
  private final int number;
  private final int scale;
  private final List<Ranked> ranked;
  private final Function<Lineage, Optional<Candidate>> rows;
  private final IntUnaryOperator drawn;

  Round(
      SearchSpec spec,
      int number,
      int scale,
      List<Ranked> ranked,
      Function<Lineage, Optional<Candidate>> rows,
      IntUnaryOperator drawn) {
    this.spec = spec;
    this.number = number;
    this.scale = scale;
    this.ranked = ranked;
    this.rows = rows;
    this.drawn = drawn;
  }

  /// The search that asks.
  public SearchSpec spec() {
    return spec;
  }

  /// The rounds so far, this one included.
  public int number() {
    return number;
  }

  /// The deepest scale that was waited for.
  public int scale() {
    return scale;
  }

  /// Whether candidates of this scale cannot be expanded.
  public boolean last() {
    return scale == spec.schedule().scales();
  }

  /// The candidates to choose from, best first: those of the scale, or of every scale where the
  /// strategy looks [across scales][Strategy#acrossScales()] and that were not kept before.
  public List<Ranked> ranked() {
    return ranked;
  }

  /// How many candidates of a scale were drawn, carried ones not counted.
  public int drawn(int ofScale) {
    return drawn.applyAsInt(ofScale);
  }

  /// The values of a candidate's ancestors, from the first scale on, and its own as the last.
  public double[] history(Ranked candidate) {
    List<Double> values = new ArrayList<>();
    for (int at = spec.firstScale(); at < candidate.lineage().scale(); at++) {
      rows.apply(candidate.lineage().ancestor(at))
          .flatMap(Candidate::fate)
          .ifPresent(fate -> values.add(fate.value()));
    }
    values.add(candidate.value());
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  /// The hypothesis that a candidate was drawn from; none for the first scale.
  public Optional<Candidate> parent(Candidate candidate) {
    return rows.apply(candidate.lineage().parent());
  }

  /// The random numbers of this round, in [0, 1). They are keyed by the empty lineage and the
  /// scale, which no draw has.
  public float[] uniforms(int count) {
    FloatBuffer numbers = FloatBuffer.allocate(count);
    Uniforms.fill(spec.seed(), Lineage.root(), scale, numbers, count);
    return numbers.array();
  }
}
