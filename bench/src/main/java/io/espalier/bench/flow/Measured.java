package io.espalier.bench.flow;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.List;
import java.util.stream.IntStream;
import org.hipparchus.stat.descriptive.rank.Percentile;

/// One quantity, measured several times in one run.
///
/// @param part of the benchmark, such as `throughput`
/// @param name what was measured, unique in its part
/// @param unit of the values; [#RATIO] where it is what one thing takes over what another does
/// @param smallerIsBetter whether it is a cost
/// @param values as they were measured, at least one
public record Measured(
    String part, String name, String unit, boolean smallerIsBetter, List<Double> values) {

  /// The unit of ratios within one run, which machines of other speeds have in common.
  public static final String RATIO = "ratio";

  private static final double LOWER = 25;
  private static final double MIDDLE = 50;
  private static final double UPPER = 75;

  public Measured {
    values = List.copyOf(values);
    if (values.isEmpty()) {
      throw new IllegalArgumentException("%s of %s was never measured".formatted(name, part));
    }
  }

  /// A cost: the less the better.
  public static Measured cost(String part, String name, String unit, List<Double> values) {
    return new Measured(part, name, unit, true, values);
  }

  /// A gain: the more the better.
  public static Measured gain(String part, String name, String unit, List<Double> values) {
    return new Measured(part, name, unit, false, values);
  }

  /// This over another quantity, value by value, both measured in turns in one run.
  public Measured over(Measured other, String ratio) {
    if (values.size() != other.values.size()) {
      throw new IllegalArgumentException(
          "%s was measured %d times and %s %d times"
              .formatted(name, values.size(), other.name, other.values.size()));
    }
    List<Double> ratios =
        IntStream.range(0, values.size())
            .mapToObj(i -> values.get(i) / other.values.get(i))
            .toList();
    return new Measured(part, ratio, RATIO, smallerIsBetter, ratios);
  }

  @JsonIgnore
  public double median() {
    return percentile(MIDDLE);
  }

  /// The lower and the upper quartile.
  @JsonIgnore
  public List<Double> quartiles() {
    return List.of(percentile(LOWER), percentile(UPPER));
  }

  @JsonIgnore
  public boolean isRatio() {
    return unit.equals(RATIO);
  }

  private double percentile(double share) {
    return new Percentile()
        .evaluate(values.stream().mapToDouble(Double::doubleValue).toArray(), share);
  }
}
