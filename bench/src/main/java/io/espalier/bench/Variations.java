package io.espalier.bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.hipparchus.stat.correlation.SpearmansCorrelation;

/// Part 3: width against branches, temperature, rollout depth, and how much a cut rollout tells.
final class Variations {

  private static final String CUT = "cut-";
  private static final String WHOLE = "cut-full";

  private final Results results;

  Variations(Results results) {
    this.results = results;
  }

  void addTo(Page page) {
    Table table =
        Table.empty(
            "settings",
            "Width, branches, temperature, rollout depth",
            "search",
            "judge's score",
            "NFE",
            "token-forwards",
            "seconds");
    for (String cell : results.ofPart(3)) {
      if (!cell.startsWith(CUT)) {
        List<Object> row = new ArrayList<>(List.of(cell, results.judged(cell).mean()));
        for (Currency currency : Currency.values()) {
          row.add(Strategies.rounded(results.mean(cell, currency)));
        }
        table.rows().add(row);
      }
    }
    page.add(table);
    addCorrelation(page);
  }

  private void addCorrelation(Page page) {
    Table table =
        Table.empty(
            "correlation",
            "Spearman's correlation of the score of a cut rollout with that of the full one, in a prompt",
            "cut at scale",
            "correlation",
            "prompts");
    Map<String, Run> whole = new HashMap<>();
    results.of(WHOLE).forEach(run -> whole.put(run.prompt(), run));
    for (String cell : results.ofPart(3)) {
      if (cell.startsWith(CUT) && !cell.equals(WHOLE)) {
        Outcomes outcomes =
            Outcomes.of(
                results.of(cell).stream().filter(run -> whole.containsKey(run.prompt())).toList(),
                run -> correlation(run, Objects.requireNonNull(whole.get(run.prompt()))));
        if (outcomes.prompts() > 0) {
          table.add(cell.substring(CUT.length()), outcomes.mean(), outcomes.prompts());
        }
      }
    }
    page.add(table);
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
