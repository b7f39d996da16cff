package io.espalier.bench.flow;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.hipparchus.stat.inference.MannWhitneyUTest;

/// Two recordings side by side: what became slower, beyond what chance does.
///
/// A quantity has changed where its median did by a tenth or more and the values of the two differ
/// by a Mann-Whitney test at one in a hundred, or, of few values, do not overlap. Absolute
/// quantities are compared on equal machines alone; ratios always are.
public final class Comparison {

  private static final double SMALL = 0.1;
  private static final double CHANCE = 0.01;

  /// So few values can never pass the test: they must lie apart.
  private static final int FEW = 6;

  /// What became of a quantity.
  public enum Verdict {
    BETTER("better"),
    SAME("as before"),
    WORSE("worse"),
    NEW("new"),
    OTHER_MACHINE("on another machine");

    private final String words;

    Verdict(String words) {
      this.words = words;
    }

    @Override
    public String toString() {
      return words;
    }
  }

  /// A quantity before and now.
  ///
  /// @param change the median's, now over before; 1 where there was none before
  public record Line(Measured now, double change, Verdict verdict) {}

  private Comparison() {}

  /// Compares all that was measured now.
  public static List<Line> of(Recording before, Recording now) {
    boolean equal = before.machine().equals(now.machine());
    List<Line> lines = new ArrayList<>();
    for (Measured each : now.measured()) {
      lines.add(
          before
              .of(each.part(), each.name())
              .filter(old -> old.unit().equals(each.unit()))
              .map(old -> line(old, each, equal || each.isRatio()))
              .orElse(new Line(each, 1, Verdict.NEW)));
    }
    return lines;
  }

  private static Line line(Measured old, Measured now, boolean comparable) {
    double change = now.median() / old.median();
    if (!comparable) {
      return new Line(now, change, Verdict.OTHER_MACHINE);
    }
    if (Math.abs(change - 1) < SMALL || !apart(old, now)) {
      return new Line(now, change, Verdict.SAME);
    }
    return new Line(
        now, change, change > 1 == now.smallerIsBetter() ? Verdict.WORSE : Verdict.BETTER);
  }

  private static boolean apart(Measured old, Measured now) {
    double[] before = values(old);
    double[] after = values(now);
    if (Math.min(before.length, after.length) < FEW) {
      return max(before) < min(after) || max(after) < min(before);
    }
    return new MannWhitneyUTest().mannWhitneyUTest(before, after) < CHANCE;
  }

  private static double[] values(Measured measured) {
    return measured.values().stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static double min(double[] values) {
    return Arrays.stream(values).min().orElseThrow();
  }

  private static double max(double[] values) {
    return Arrays.stream(values).max().orElseThrow();
  }
}
