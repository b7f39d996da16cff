package io.espalier.bench;

import static io.espalier.bench.Results.DIFFUSION;
import static io.espalier.bench.Results.RANDOM;

import io.espalier.bench.Bootstrap.Estimate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Parts 1 and 4: what each strategy finds, for what cost, on which prompts and where in the tree.
final class Strategies {

  static final List<String> SEARCHES = List.of("greedy", "beam", "beam-carry", "prefix");
  private static final String SCORE = Curves.JUDGE.name();

  private final Results results;

  Strategies(Results results) {
    this.results = results;
  }

  void addTo(Page page) {
    if (results.has(RANDOM)) {
      addTasks(page);
      addComparison(page);
      new Difficulty(results).addTo(page);
      new Curves(results).addTo(page);
      addPlaces(page);
    }
  }

  private void addTasks(Page page) {
    Map<String, Outcomes> rows = new LinkedHashMap<>();
    rows.put("single draw", results.singleDraw());
    for (String cell : results.ofPart(1)) {
      rows.put(cell, results.judged(cell));
    }
    for (String cell : results.ofPart(4)) {
      rows.put("diffusion, single draw", results.stopped(cell, 1, Run.Pictured::verdict));
      rows.put(cell, results.judged(cell));
    }
    List<String> tasks = List.copyOf(results.singleDraw().tasks().keySet());
    List<String> columns = new ArrayList<>(List.of("search"));
    columns.addAll(tasks);
    columns.addAll(List.of("all", "NFE", "token-forwards", "seconds", "images"));
    Table table = new Table("tasks", "Judge's score by task", columns, new ArrayList<>());
    rows.forEach(
        (name, outcomes) -> {
          List<Object> row = new ArrayList<>(List.of(name));
          row.addAll(outcomes.tasks().values());
          row.add(outcomes.mean());
          for (Currency currency : Currency.values()) {
            row.add(results.has(name) ? Table.cost(results.mean(name, currency)) : "");
          }
          row.add(results.has(name) ? Table.cost(results.images(name)) : "");
          table.rows().add(row);
        });
    page.add(table);
    Figure.bars(
        page.figure("tasks", "Judge's score by task"),
        "By task",
        SCORE,
        tasks,
        List.copyOf(rows.keySet()),
        rows.values().stream().map(outcomes -> List.copyOf(outcomes.tasks().values())).toList());
  }

  private void addComparison(Page page) {
    Table table =
        Table.empty(
            "matched",
            "Against random search at the same cost, which draws at least as much",
            "search",
            "above a single draw",
            "errors left",
            "same",
            "images of random search",
            "random search",
            "above it",
            "clear",
            "verifiers' score above it");
    for (String search : SEARCHES) {
      compare(table, search, RANDOM, List.of(Currency.values()));
      // Tokens of another model are another currency.
      compare(table, search, DIFFUSION, List.of(Currency.NFE, Currency.SECONDS));
    }
    page.add(table);
  }

  private void compare(Table table, String search, String random, List<Currency> currencies) {
    if (!results.has(search) || !results.has(random)) {
      return;
    }
    Outcomes found = results.judged(search);
    Outcomes single = results.singleDraw();
    for (Currency currency : currencies) {
      double wanted = results.wanted(search, random, currency);
      int images = results.matching(search, random, currency);
      Outcomes matched = results.stopped(random, images, Run.Pictured::verdict);
      Estimate above = found.minus(matched).mean();
      table.add(
          search,
          found.minus(single).mean(),
          (1 - found.mean().mean()) / (1 - single.mean().mean()),
          random.equals(DIFFUSION) ? currency.unit() + ", diffusion" : currency.unit(),
          images < wanted - 1 ? "%d, all there are".formatted(images) : images,
          matched.mean(),
          above,
          above.clear(),
          results
              .scored(search)
              .minus(results.stopped(random, images, Run.Pictured::score))
              .mean());
    }
  }

  private void addPlaces(Page page) {
    Table table =
        Table.empty(
            "places",
            "At which scale the answer was found",
            "search",
            "scale",
            "share of the answers",
            "of these right");
    for (String search : List.of("greedy", "beam", "beam-carry")) {
      Map<Integer, List<Run>> byScale = new TreeMap<>();
      for (Run run : results.of(search)) {
        run.answered()
            .ifPresent(
                answer -> byScale.computeIfAbsent(answer.scale(), _ -> new ArrayList<>()).add(run));
      }
      byScale.forEach(
          (scale, found) ->
              table.add(
                  search,
                  scale,
                  (double) found.size() / results.of(search).size(),
                  found.stream()
                      .mapToDouble(run -> run.answered().orElseThrow().right() ? 1 : 0)
                      .average()
                      .orElseThrow()));
    }
    page.add(table);
  }
}
