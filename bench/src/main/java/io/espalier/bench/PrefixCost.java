package io.espalier.bench;

import io.espalier.beam.Bits;
import io.espalier.beam.Drawing;
import io.espalier.beam.Generator;
import io.espalier.beam.Lineage;
import io.espalier.beam.Rendition;
import io.espalier.beam.Schedule;
import io.espalier.beam.SearchSpec;
import io.espalier.beam.Slice;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.hipparchus.stat.regression.OLSMultipleLinearRegression;

/// What it costs to compute prefixes again instead of keeping keys and values: by the plan's
/// arithmetic, and by the generator's time. On one thread.
public final class PrefixCost {

  private static final int REPEATS = 15;
  private static final int[] BRANCHES = {1, 5};

  /// Of a scale.
  private static final int CANDIDATES = 15;

  /// A measured call.
  ///
  /// @param prefix tokens computed again
  /// @param sampled tokens drawn, of all branches
  private record Call(int scale, int branches, int prefix, int sampled, double millis) {}

  private final SearchSpec spec;
  private final Generator generator;
  private final Schedule schedule;
  private final Table table =
      Table.empty(
          "prefix-cost",
          "What prefixes cost that are computed again",
          "a prefix is computed",
          "share of the token-forwards",
          "share of the time, by a fit to tokens and images",
          "seconds of the generator");

  private PrefixCost(SearchSpec spec, Generator generator) {
    this.spec = spec;
    this.generator = generator;
    this.schedule = spec.schedule();
  }

  /// Measures a beam of width 3 with 5 branches, at full depth and without carried rollouts.
  ///
  /// @param spec its prompt and sampling count
  public static PrefixCost measure(SearchSpec spec, Generator generator) {
    PrefixCost cost = new PrefixCost(spec, generator);
    cost.run();
    return cost;
  }

  /// What was measured.
  Table table() {
    return table;
  }

  private void run() {
    Drawing parent = draw(1, 1, Optional.empty(), Bits.none(generator.bitsPerToken()));
    List<Call> calls =
        IntStream.rangeClosed(1, schedule.scales())
            .boxed()
            .flatMap(scale -> Arrays.stream(BRANCHES).mapToObj(c -> call(scale, c, parent)))
            .toList();
    OLSMultipleLinearRegression fit = new OLSMultipleLinearRegression();
    fit.newSampleData(
        calls.stream().mapToDouble(Call::millis).toArray(),
        calls.stream()
            .map(call -> new double[] {call.prefix(), call.sampled(), call.branches()})
            .toArray(double[][]::new));
    double perPrefixToken = fit.estimateRegressionParameters()[1];
    for (int branches : new int[] {5, 1}) {
      double prefixes = 0;
      double sampled = 0;
      double millis = 0;
      for (Call call : calls) {
        if (call.branches() == branches) {
          int times = CANDIDATES / branches;
          prefixes += times * call.prefix();
          sampled += times * call.sampled();
          millis += times * call.millis();
        }
      }
      table.add(
          branches == 5 ? "once for 5 branches" : "for every branch",
          prefixes / (prefixes + sampled),
          Math.max(0, perPrefixToken) * prefixes / millis,
          millis / 1000);
    }
  }

  private Call call(int scale, int branches, Drawing parent) {
    Optional<Drawing> from = scale == 1 ? Optional.empty() : Optional.of(parent);
    double[] millis = new double[REPEATS];
    for (int repeat = 0; repeat < REPEATS; repeat++) {
      long began = System.nanoTime();
      draw(
          scale,
          branches,
          from,
          from.map(Drawing::bits).orElseGet(() -> Bits.none(generator.bitsPerToken())));
      millis[repeat] = (System.nanoTime() - began) / 1e6;
    }
    Arrays.sort(millis);
    return new Call(
        scale,
        branches,
        schedule.tokens(1, scale - 1),
        branches * schedule.tokens(scale, schedule.scales()),
        millis[REPEATS / 2]);
  }

  private Drawing draw(int scale, int branches, Optional<Drawing> parent, Bits bits) {
    Lineage lineage = Lineage.root();
    for (int above = 1; above < scale; above++) {
      lineage = lineage.child(0);
    }
    Optional<Rendition> prefix = parent.map(Drawing::rendition);
    List<Integer> numbers = IntStream.range(0, branches).boxed().toList();
    Slice slice = new Slice(lineage, prefix, scale, schedule.scales(), numbers);
    return generator.draw(spec, slice, bits).drawings().getFirst();
  }
}
