package io.espalier.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.hipparchus.stat.descriptive.StreamingStatistics;

/// Part 2: what steering by one verifier, or by several, does to the judge and to the others.
final class Steering {

  private static final String NAME = "steering";
  private static final String TITLE = "What steering by one verifier does to the others";
  private static final String MEASURE = "standard deviations above the mean draw";

  /// The random search of which every verifier has seen every image.
  private static final String SEEN_BY_ALL = "random, all weighted";

  /// What the judge says of the answers of a way to steer, and what each verifier does.
  private record Steered(String by, Bootstrap.Estimate judged, List<Double> said) {}

  private final Results results;

  Steering(Results results) {
    this.results = results;
  }

  void addTo(Page page) {
    List<Run> random = results.of(SEEN_BY_ALL);
    if (random.isEmpty()) {
      return;
    }
    List<StreamingStatistics> draws =
        Verifiers.NAMES.stream()
            .map(
                verifier ->
                    scores(
                        random.stream().flatMap(run -> run.images().stream()).toList(), verifier))
            .toList();
    List<Steered> ways = new ArrayList<>();
    for (String verifier : Verifiers.NAMES) {
      ways.add(steered("random, " + verifier, random, run -> run.bestBy(verifier), draws));
    }
    for (String cell : results.ofPart(2)) {
      ways.add(steered(cell, results.of(cell), Run::answered, draws));
    }
    addTable(page, ways);
    Figure.bars(
        page.figure(NAME, TITLE),
        TITLE,
        MEASURE,
        ways.stream().map(Steered::by).toList(),
        Verifiers.NAMES,
        IntStream.range(0, Verifiers.NAMES.size())
            .mapToObj(verifier -> ways.stream().map(way -> way.said().get(verifier)).toList())
            .toList());
  }

  private static Steered steered(
      String by,
      List<Run> runs,
      Function<Run, Optional<Run.Pictured>> choice,
      List<StreamingStatistics> draws) {
    List<Run.Pictured> answers = runs.stream().flatMap(run -> choice.apply(run).stream()).toList();
    List<Double> said =
        IntStream.range(0, Verifiers.NAMES.size())
            .mapToObj(
                verifier ->
                    (scores(answers, Verifiers.NAMES.get(verifier)).getMean()
                            - draws.get(verifier).getMean())
                        / draws.get(verifier).getStandardDeviation())
            .toList();
    return new Steered(by, Results.judged(runs, choice).mean(), said);
  }

  private static StreamingStatistics scores(List<Run.Pictured> images, String verifier) {
    StreamingStatistics statistics = new StreamingStatistics();
    images.stream()
        .filter(image -> image.scores().containsKey(verifier))
        .forEach(image -> statistics.addValue(image.scores().get(verifier)));
    return statistics;
  }

  private static void addTable(Page page, List<Steered> ways) {
    List<String> columns = new ArrayList<>(List.of("steered by", "judge's score"));
    Verifiers.NAMES.forEach(verifier -> columns.add(verifier + " says"));
    Table table = new Table(NAME, TITLE + ", in " + MEASURE, columns, new ArrayList<>());
    for (Steered way : ways) {
      List<Object> row = new ArrayList<>(List.of(way.by(), way.judged()));
      row.addAll(way.said());
      table.rows().add(row);
    }
    page.add(table);
  }
}
