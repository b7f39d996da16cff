package io.espalier.bench;

import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// A table of the report.
///
/// @param name of its file
/// @param title what it shows
record Table(String name, String title, List<String> columns, List<List<Object>> rows) {

  private static final double WHOLE = 20;

  static Table empty(String name, String title, String... columns) {
    return new Table(name, title, List.of(columns), new ArrayList<>());
  }

  /// A cost as it is shown: large ones whole.
  static String cost(double cost) {
    return String.format(Locale.ROOT, cost < WHOLE ? "%.1f" : "%.0f", cost);
  }

  void add(Object... cells) {
    rows.add(List.of(cells));
  }

  /// Writes the file; an estimate takes three columns.
  void writeCsv(Path folder) {
    List<List<Object>> all = new ArrayList<>();
    all.add(header());
    rows.forEach(row -> all.add(row.stream().flatMap(Table::numbers).toList()));
    try {
      new CsvMapper().writeValue(folder.resolve(name + ".csv").toFile(), all);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<Object> header() {
    List<Object> header = new ArrayList<>();
    for (int column = 0; column < columns.size(); column++) {
      header.add(columns.get(column));
      if (!rows.isEmpty() && rows.getFirst().get(column) instanceof Bootstrap.Estimate) {
        header.addAll(List.of("low", "high"));
      }
    }
    return header;
  }

  private static Stream<Object> numbers(Object cell) {
    return cell instanceof Bootstrap.Estimate(double mean, double low, double high)
        ? Stream.of(mean, low, high)
        : Stream.of(cell);
  }

  String markdown() {
    StringBuilder text = new StringBuilder();
    line(text, columns);
    line(text, columns.stream().map(_ -> "---").toList());
    rows.forEach(row -> line(text, row.stream().map(Table::shown).toList()));
    return text.append('\n').toString();
  }

  private static void line(StringBuilder text, List<String> cells) {
    text.append("| ").append(String.join(" | ", cells)).append(" |\n");
  }

  static String shown(Object value) {
    return switch (value) {
      case Double number -> String.format(Locale.ROOT, "%.3f", number);
      case Bootstrap.Estimate estimate ->
          String.format(
              Locale.ROOT, "%.3f [%.3f, %.3f]", estimate.mean(), estimate.low(), estimate.high());
      default -> value.toString();
    };
  }
}
