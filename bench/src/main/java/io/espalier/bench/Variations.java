package io.espalier.bench;

import io.espalier.beam.BeamSearch;
import io.espalier.beam.RandomSearch;
import io.espalier.beam.Strategy;
import io.espalier.bench.Bootstrap.Estimate;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.hipparchus.stat.correlation.SpearmansCorrelation;

/// Part 3: width against branches, temperature, rollout depth, and how much a cut rollout tells.
final class Variations {

  private static final int PART = 3;
  private static final String CUT = "cut-";
  private static final String WHOLE = "cut-full";
  private static final String SCORE = "judge's score";

  private final Results results;

  Variations(Results results) {
    this.results = results;
  }

  void addTo(Page page) {
    addSettings(page);
    addTemperatures(page);
    addCorrelation(page);
  }

  private void addSettings(Page page) {
    Table table =
        Table.empty(
            "settings",
            "Width, branches, temperature, rollout depth",
            "search",
            SCORE,
            "NFE",
            "token-forwards",
            "seconds");
    for (String cell : results.ofPart(PART)) {
      if (!cell.startsWith(CUT)) {
        List<Object> row = new ArrayList<>(List.of(cell, results.judged(cell).mean()));
        for (Currency currency : Currency.values()) {
          row.add(Table.cost(results.mean(cell, currency)));
        }
        table.rows().add(row);
      }
    }
    page.add(table);
  }

  /// Beam against random search, which draw as many images as cost the same NFE.
  private void addTemperatures(Page page) {
    Map<BigDecimal, String> random = byTemperature(strategy -> strategy instanceof RandomSearch);
    Map<BigDecimal, String> beam = byTemperature(strategy -> strategy instanceof BeamSearch);
    Table table =
        Table.empty(
            "temperature",
            "Beam against random search at the same NFE, by the temperature at all scales",
            "temperature",
            "single draw",
            "random search",
            "beam",
            "above random search",
            "clear");
    List<Figure.Line> lines =
        Stream.of("single draw", "random search", "beam")
            .map(name -> new Figure.Line(name, new ArrayList<>()))
            .toList();
    random.forEach(
        (temperature, drawn) -> {
          String beams = beam.get(temperature);
          if (beams != null) {
            Outcomes found = results.judged(beams);
            Outcomes best = results.judged(drawn);
            Estimate single = results.stopped(drawn, 1, Run.Pictured::verdict).mean();
            Estimate above = found.minus(best).mean();
            List<Estimate> scores = List.of(single, best.mean(), found.mean());
            table.add(temperature, single, best.mean(), found.mean(), above, above.clear());
            for (int line = 0; line < lines.size(); line++) {
              lines
                  .get(line)
                  .points()
                  .add(new Figure.Point(temperature.doubleValue(), scores.get(line)));
            }
          }
        });
    page.add(table);
    if (!table.rows().isEmpty()) {
      String title = "Judge's score by temperature";
      Figure.lines(
          page.figure("temperature", title),
          title,
          "temperature, the same at all scales",
          SCORE,
          lines);
    }
  }

  /// The names of the cells that have runs.
  private Map<BigDecimal, String> byTemperature(Predicate<Strategy> kind) {
    Map<BigDecimal, String> names = new TreeMap<>();
    for (Cell cell : Cell.all()) {
      List<Float> temperature = cell.request().temperature();
      if (temperature != null && kind.test(cell.strategy()) && results.has(cell.name())) {
        names.put(new BigDecimal(temperature.getFirst().toString()), cell.name());
      }
    }
    return names;
  }

  private void addCorrelation(Page page) {
    String title =
        "Spearman's correlation of the score of a cut rollout with that of the full one, in a prompt";
    Table table = Table.empty("correlation", title, "cut at scale", "correlation", "prompts");
    Map<String, Run> whole = new HashMap<>();
    results.of(WHOLE).forEach(run -> whole.put(run.prompt(), run));
    List<Figure.Point> points = new ArrayList<>();
    for (String cell : results.ofPart(PART)) {
      if (cell.startsWith(CUT) && !cell.equals(WHOLE)) {
        Outcomes outcomes =
            Outcomes.of(
                results.of(cell).stream().filter(run -> whole.containsKey(run.prompt())).toList(),
                run -> correlation(run, Objects.requireNonNull(whole.get(run.prompt()))));
        if (outcomes.prompts() > 0) {
          int scale = Integer.parseInt(cell.substring(CUT.length()));
          table.add(scale, outcomes.mean(), outcomes.prompts());
          points.add(new Figure.Point(scale, outcomes.mean()));
        }
      }
    }
    page.add(table);
    if (!points.isEmpty()) {
      Figure.lines(
          page.figure("correlation", title),
          "What a cut rollout tells of the full one",
          "scale at which it is cut",
          "Spearman's correlation of scores",
          List.of(new Figure.Line("correlation", points)));
    }
  }

  /// Of the first scale's candidates, which both runs have under the same lineages.
  private static double correlation(Run cut, Run whole) {
    Map<String, Double> scores = new HashMap<>();
    whole.images().forEach(image -> scores.put(image.lineage(), image.score()));
    List<Run.Pictured> both =
        cut.images().stream()
            .filter(image -> !image.full() && scores.containsKey(image.lineage()))
            .toList();
    double correlation =
        new SpearmansCorrelation()
            .correlation(
                both.stream().mapToDouble(Run.Pictured::score).toArray(),
                both.stream()
                    .mapToDouble(image -> Objects.requireNonNull(scores.get(image.lineage())))
                    .toArray());
    return Double.isNaN(correlation) ? 0 : correlation; // where all scores are the same
  }
}
