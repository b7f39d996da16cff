package io.espalier.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/// A value for each prompt, the mean over its seeds: what is compared between ways to search.
final class Outcomes {

  private record Prompt(String task, String words) {}

  private final Map<Prompt, Double> values;

  private Outcomes(Map<Prompt, Double> values) {
    this.values = values;
  }

  /// Measures runs.
  static Outcomes of(List<Run> runs, ToDoubleFunction<Run> measure) {
    Map<Prompt, List<Double>> seeds = new LinkedHashMap<>();
    for (Run run : runs) {
      seeds
          .computeIfAbsent(new Prompt(run.task(), run.prompt()), _ -> new ArrayList<>())
          .add(measure.applyAsDouble(run));
    }
    Map<Prompt, Double> means = new LinkedHashMap<>();
    seeds.forEach(
        (prompt, each) ->
            means.put(
                prompt, each.stream().mapToDouble(Double::doubleValue).average().orElseThrow()));
    return new Outcomes(means);
  }

  /// The difference at each prompt that both have.
  Outcomes minus(Outcomes other) {
    Map<Prompt, Double> differences = new LinkedHashMap<>();
    values.forEach(
        (prompt, value) -> {
          Double subtracted = other.values.get(prompt);
          if (subtracted != null) {
            differences.put(prompt, value - subtracted);
          }
        });
    return new Outcomes(differences);
  }

  int prompts() {
    return values.size();
  }

  /// The mean over tasks, with its interval.
  Bootstrap.Estimate mean() {
    return Bootstrap.mean(byTask());
  }

  /// The mean over prompts of whatever task, with its interval.
  Bootstrap.Estimate pooled() {
    return Bootstrap.mean(Map.of("all", List.copyOf(values.values())));
  }

  /// The mean of each task.
  Map<String, Double> tasks() {
    Map<String, Double> tasks = new LinkedHashMap<>();
    byTask()
        .forEach(
            (task, each) ->
                tasks.put(
                    task, each.stream().mapToDouble(Double::doubleValue).average().orElseThrow()));
    return tasks;
  }

  private Map<String, List<Double>> byTask() {
    Map<String, List<Double>> byTask = new TreeMap<>();
    values.forEach(
        (prompt, value) ->
            byTask.computeIfAbsent(prompt.task(), _ -> new ArrayList<>()).add(value));
    return byTask;
  }
}
