package io.espalier.bench;

import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;

/// How well verifiers tell right draws from wrong ones: what a search can make of them.
final class Verifiers {

  /// All that there are, in the order in which they are told of.
  static final List<String> NAMES = List.of("clip", "aesthetic", "image-reward", "vlm");

  private final Results results;

  Verifiers(Results results) {
    this.results = results;
  }

  void addTo(Page page) {
    Table table =
        Table.empty(
            "verifiers",
            "How often a right draw of a prompt scores above a wrong one (AUC), and the judge's score of"
                + " the best draw of all",
            "verifier",
            "AUC",
            "prompts with both",
            "best draw");
    for (String verifier : NAMES) {
      add(table, verifier, image -> image.scores().get(verifier));
    }
    add(table, "all, weighted", Run.Pictured::score);
    page.add(table);
  }

  private void add(Table table, String name, ToDoubleFunction<Run.Pictured> score) {
    List<Run> runs = results.of(Results.RANDOM);
    Outcomes auc =
        Outcomes.of(runs.stream().filter(Verifiers::hasBoth).toList(), run -> auc(run, score));
    if (auc.prompts() > 0) {
      Outcomes best =
          Results.judged(runs, run -> run.images().stream().max(Comparator.comparingDouble(score)));
      table.add(name, auc.mean(), auc.prompts(), best.mean());
    }
  }

  private static boolean hasBoth(Run run) {
    return run.images().stream().map(Run.Pictured::right).distinct().count() == 2;
  }

  /// The share of pairs in which the right one scores higher; a tie counts for half of one.
  private static double auc(Run run, ToDoubleFunction<Run.Pictured> score) {
    double[] right = scores(run, true, score);
    double[] wrong = scores(run, false, score);
    double above = 0;
    for (double high : right) {
      for (double low : wrong) {
        above += (1 + Math.signum(high - low)) / 2;
      }
    }
    return above / right.length / wrong.length;
  }

  private static double[] scores(Run run, boolean right, ToDoubleFunction<Run.Pictured> score) {
    return run.images().stream()
        .filter(image -> image.right() == right)
        .mapToDouble(score)
        .toArray();
  }
}
