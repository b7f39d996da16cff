package io.espalier.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// Part 2: what steering by one verifier, or by several, does to the judge and to the others.
final class Steering {

  private static final List<String> VERIFIERS = List.of("clip", "aesthetic", "image-reward", "vlm");

  /// The random search of which every verifier has seen every image.
  private static final String SEEN_BY_ALL = "random, all weighted";

  private final Results results;

  Steering(Results results) {
    this.results = results;
  }

  void addTo(Page page) {
    List<String> columns = new ArrayList<>(List.of("steered by", "judge's score"));
    VERIFIERS.forEach(verifier -> columns.add(verifier + " says"));
    Table table =
        new Table(
            "steering",
            "What steering by one verifier does to the others: mean scores of the answers",
            columns,
            new ArrayList<>());
    List<Run> random = results.of(SEEN_BY_ALL);
    if (!random.isEmpty()) {
      add(table, "nothing: a single draw", random, Run::first);
      for (String verifier : VERIFIERS) {
        add(table, "random, " + verifier, random, run -> run.bestBy(verifier));
      }
    }
    for (String cell : results.ofPart(2)) {
      add(table, cell, results.of(cell), Run::answered);
    }
    page.add(table);
  }

  private static void add(
      Table table, String name, List<Run> runs, Function<Run, Optional<Run.Pictured>> choice) {
    List<Object> row = new ArrayList<>(List.of(name, Results.judged(runs, choice).mean()));
    for (String verifier : VERIFIERS) {
      row.add(
          runs.stream()
              .flatMap(run -> choice.apply(run).stream())
              .filter(image -> image.scores().containsKey(verifier))
              .mapToDouble(image -> image.scores().get(verifier))
              .average()
              .orElse(Double.NaN));
    }
    table.rows().add(row);
  }
}
