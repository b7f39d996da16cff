package io.espalier.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// Means over tasks, and how sure they are, by drawing prompts again with replacement within each
/// task (Efron's bootstrap, percentiles). A function of its input: the draws' seed is fixed.
final class Bootstrap {

  private static final int RESAMPLES = 10_000;
  private static final long SEED = 20_251_016;
  private static final double TAIL = 0.025;

  /// A mean and its 95 % interval.
  record Estimate(double mean, double low, double high) {

    /// Whether the interval leaves 0 out, in a word.
    String clear() {
      return low > 0 || high < 0 ? "yes" : "no";
    }
  }

  private Bootstrap() {}

  /// The mean over tasks of each task's mean.
  ///
  /// @param byTask a value for each prompt of a task
  static Estimate mean(Map<String, List<Double>> byTask) {
    double[][] tasks =
        byTask.values().stream()
            .map(values -> values.stream().mapToDouble(Double::doubleValue).toArray())
            .toArray(double[][]::new);
    SplittableRandom random = new SplittableRandom(SEED);
    double[] means = new double[RESAMPLES];
    for (int resample = 0; resample < RESAMPLES; resample++) {
      for (double[] task : tasks) {
        double sum = 0;
        for (int draw = 0; draw < task.length; draw++) {
          sum += task[random.nextInt(task.length)];
        }
        means[resample] += sum / task.length / tasks.length;
      }
    }
    Arrays.sort(means);
    double mean =
        Arrays.stream(tasks)
            .mapToDouble(task -> Arrays.stream(task).average().orElseThrow())
            .average()
            .orElseThrow();
    return new Estimate(mean, percentile(means, TAIL), percentile(means, 1 - TAIL));
  }

  private static double percentile(double[] sorted, double share) {
    return sorted[(int) Math.round(share * (sorted.length - 1))];
  }
}
