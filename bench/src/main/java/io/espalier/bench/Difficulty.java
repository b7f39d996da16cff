package io.espalier.bench;

import static io.espalier.bench.Results.RANDOM;

import io.espalier.bench.Bootstrap.Estimate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/// On which prompts searches are above random search: by how often a draw is right.
final class Difficulty {

  /// Prompts are looked at by the quarter that the share of right draws lies in.
  private static final int QUARTERS = 4;

  private final Results results;

  /// The share of right draws, by prompt and seed.
  private final Map<String, Map<Long, Double>> shares = new HashMap<>();

  Difficulty(Results results) {
    this.results = results;
    for (Run run : results.of(RANDOM)) {
      shares
          .computeIfAbsent(run.prompt(), _ -> new HashMap<>())
          .put(run.seed(), run.ofBest(1, Run.Pictured::verdict));
    }
  }

  void addTo(Page page) {
    Table table =
        Table.empty(
            "difficulty",
            "By how often draws of other seeds are right, against random search at the same NFE",
            "search",
            "draws that are right",
            "prompts",
            "random search",
            Curves.JUDGE.name(),
            "above random search",
            "clear");
    for (String search : Strategies.SEARCHES) {
      if (results.has(search)) {
        for (int quarter = 0; quarter < QUARTERS; quarter++) {
          add(table, search, quarter);
        }
      }
    }
    page.add(table);
  }

  private void add(Table table, String search, int quarter) {
    Outcomes found = Results.judged(of(search, quarter), Run::answered);
    if (found.prompts() > 0) {
      int images = results.matching(search, RANDOM, Currency.NFE);
      Outcomes random =
          Outcomes.of(of(RANDOM, quarter), run -> run.ofBest(images, Run.Pictured::verdict));
      Estimate above = found.minus(random).pooled();
      Estimate score = found.pooled();
      table.add(
          search,
          "%d to %d %%".formatted(100 * quarter / QUARTERS, 100 * (quarter + 1) / QUARTERS),
          found.prompts(),
          score.mean() - above.mean(),
          score,
          above,
          above.clear());
    }
  }

  private List<Run> of(String search, int quarter) {
    return results.of(search).stream()
        .filter(
            run -> {
              OptionalDouble share = share(run);
              return share.isPresent()
                  && Math.min(QUARTERS - 1, (int) (share.getAsDouble() * QUARTERS)) == quarter;
            })
        .toList();
  }

  /// Of other seeds' draws, in which nothing that is compared has a part; of the same ones where
  /// there is one seed.
  private OptionalDouble share(Run run) {
    Map<Long, Double> bySeed = shares.getOrDefault(run.prompt(), Map.of());
    return bySeed.entrySet().stream()
        .filter(share -> bySeed.size() == 1 || share.getKey() != run.seed())
        .mapToDouble(Map.Entry::getValue)
        .average();
  }
}
