package io.espalier.bench;

import java.nio.file.Path;
import java.util.Optional;

/// What the runs say: tables as CSV, figures as PNG, and all of it in `report.md`. Reads whatever
/// runs there are and leaves out what has none.
public final class Report {

  private Report() {}

  /// Writes everything to a folder.
  ///
  /// @param prefixes where it was measured
  /// @return the report
  public static Path write(Path folder, Runs runs, Optional<PrefixCost> prefixes) {
    Results results = new Results(runs);
    Page page = new Page(folder, "The experiment");
    page.add(searches(results));
    new Strategies(results).addTo(page);
    new Verifiers(results).addTo(page);
    new Steering(results).addTo(page);
    new Variations(results).addTo(page);
    prefixes.ifPresent(cost -> page.add(cost.table()));
    return page.write();
  }

  /// What the names in the other tables stand for.
  private static Table searches(Results results) {
    Table table =
        Table.empty("searches", "Which strategy each search used", "search", "part", "strategy");
    for (Cell cell : Cell.all()) {
      if (results.has(cell.name())) {
        table.add(cell.name(), cell.part(), cell.strategy().describe());
      }
    }
    return table;
  }
}
