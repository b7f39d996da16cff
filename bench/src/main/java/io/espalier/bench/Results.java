package io.espalier.bench;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/// The runs that there are, and what is asked of them again and again.
final class Results {

  /// The cell that a single draw is taken from, and that others are compared with.
  static final String RANDOM = "random";

  /// The same of the diffusion model.
  static final String DIFFUSION = "diffusion-random";

  private final Map<String, List<Run>> runs = new HashMap<>();

  Results(Runs all) {
    for (Cell cell : Cell.all()) {
      List<Run> of = all.of(cell);
      if (!of.isEmpty()) {
        runs.put(cell.name(), of);
      }
    }
  }

  boolean has(String cell) {
    return runs.containsKey(cell);
  }

  List<Run> of(String cell) {
    return runs.getOrDefault(cell, List.of());
  }

  /// The cells of a part that have runs.
  List<String> ofPart(int part) {
    return Cell.all().stream()
        .filter(cell -> cell.part() == part && has(cell.name()))
        .map(Cell::name)
        .toList();
  }

  /// Whether answers are right.
  Outcomes judged(String cell) {
    return judged(of(cell), Run::answered);
  }

  /// Whether a choice among each run's pictures is right; none is not.
  static Outcomes judged(List<Run> runs, Function<Run, Optional<Run.Pictured>> choice) {
    return measured(runs, choice, Run.Pictured::verdict);
  }

  /// What a measure gives of a choice among each run's pictures, and 0 where there is none.
  static Outcomes measured(
      List<Run> runs,
      Function<Run, Optional<Run.Pictured>> choice,
      ToDoubleFunction<Run.Pictured> measure) {
    return Outcomes.of(runs, run -> choice.apply(run).map(measure::applyAsDouble).orElse(0.0));
  }

  /// The answers' weighted scores, of runs that have one.
  Outcomes scored(String cell) {
    List<Run> answered = of(cell).stream().filter(run -> run.answered().isPresent()).toList();
    return Outcomes.of(answered, run -> run.answered().orElseThrow().score());
  }

  /// A single image of the generator's.
  Outcomes singleDraw() {
    return stopped(RANDOM, 1, Run.Pictured::verdict);
  }

  /// The answer of a random search, had it stopped after so many images.
  Outcomes stopped(String random, int images, ToDoubleFunction<Run.Pictured> measure) {
    return Outcomes.of(of(random), run -> run.ofBest(images, measure));
  }

  double mean(String cell, Currency currency) {
    return of(cell).stream().mapToDouble(currency::of).average().orElse(Double.NaN);
  }

  /// How many images a search decodes.
  double images(String cell) {
    return of(cell).stream().mapToLong(run -> run.ledger().images()).average().orElse(Double.NaN);
  }

  /// How many images a random search draws.
  int drawn(String random) {
    return of(random).getFirst().images().size();
  }

  /// What an image of a random search costs.
  double each(String random, Currency currency) {
    return mean(random, currency) / drawn(random);
  }

  /// So many images of a random search as cost what another search does.
  double wanted(String search, String random, Currency currency) {
    return mean(search, currency) / each(random, currency);
  }

  /// The same, rounded up, or all that there are.
  int matching(String search, String random, Currency currency) {
    return (int) Math.min(drawn(random), Math.ceil(wanted(search, random, currency) - 1e-6));
  }
}
