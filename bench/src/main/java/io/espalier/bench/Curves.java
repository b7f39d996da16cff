package io.espalier.bench;

import static io.espalier.bench.Results.DIFFUSION;
import static io.espalier.bench.Results.RANDOM;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/// Parts 1 and 4: what is found over what it costs.
final class Curves {

  /// What is asked of an answer.
  ///
  /// @param file the start of its files' names
  record Measure(String file, String title, ToDoubleFunction<Run.Pictured> of) {

    String name() {
      return title.toLowerCase(Locale.ROOT);
    }
  }

  static final Measure JUDGE = new Measure("cost", "Judge's score", Run.Pictured::verdict);

  /// What the searches look for.
  private static final Measure VERIFIERS =
      new Measure("score", "Verifiers' score", Run.Pictured::score);

  private final Results results;

  Curves(Results results) {
    this.results = results;
  }

  void addTo(Page page) {
    for (Currency currency : Currency.values()) {
      add(page, JUDGE, currency);
    }
    add(page, VERIFIERS, Currency.NFE);
  }

  private void add(Page page, Measure measure, Currency currency) {
    List<Figure.Line> lines = new ArrayList<>();
    lines.add(random(RANDOM, measure, currency));
    if (results.has(DIFFUSION) && currency != Currency.TOKEN_FORWARDS) {
      lines.add(random(DIFFUSION, measure, currency));
    }
    Strategies.SEARCHES.stream()
        .filter(results::has)
        .forEach(search -> lines.add(line(search, measure, currency)));
    String name = measure.file() + "-" + currency.unit();
    String title = "%s by %s".formatted(measure.title(), currency.unit());
    Figure.lines(page.figure(name, title), title, currency.unit(), measure.name(), lines);
    Table table = Table.empty(name, title, "search", currency.unit(), measure.name());
    for (Figure.Line line : lines) {
      line.points().forEach(point -> table.add(line.name(), point.x(), point.y()));
    }
    page.addCsv(table);
  }

  /// Random search, stopped earlier and earlier.
  private Figure.Line random(String random, Measure measure, Currency currency) {
    int drawn = results.drawn(random);
    List<Figure.Point> points = new ArrayList<>();
    for (int images = 1; images < 2 * drawn; images *= 2) {
      int stop = Math.min(images, drawn);
      points.add(
          new Figure.Point(
              stop * results.each(random, currency),
              results.stopped(random, stop, measure.of()).mean()));
    }
    return new Figure.Line(random, points);
  }

  /// A search stopped after each scale, where every picture is a full one; time is known of the
  /// whole only.
  private Figure.Line line(String search, Measure measure, Currency currency) {
    List<Run> runs = results.of(search);
    boolean anytime =
        runs.stream().flatMap(run -> run.images().stream()).allMatch(Run.Pictured::full);
    List<Figure.Point> points = new ArrayList<>();
    if (!anytime || currency == Currency.SECONDS) {
      points.add(
          new Figure.Point(
              results.mean(search, currency),
              Results.measured(runs, Run::answered, measure.of()).mean()));
    } else {
      int scales = runs.getFirst().images().getLast().scale();
      for (int scale = 1; scale <= scales; scale++) {
        int last = scale;
        double cost =
            runs.stream()
                .mapToLong(
                    run ->
                        currency == Currency.NFE ? run.nfeUpTo(last) : run.tokenForwardsUpTo(last))
                .average()
                .orElseThrow();
        points.add(
            new Figure.Point(
                cost, Results.measured(runs, run -> run.bestUpTo(last), measure.of()).mean()));
      }
    }
    return new Figure.Line(search, points);
  }
}
