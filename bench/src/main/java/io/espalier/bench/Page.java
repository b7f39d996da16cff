package io.espalier.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// A report in the making: text in Markdown, and the files beside it.
final class Page {

  private final Path folder;
  private final StringBuilder text = new StringBuilder();

  Page(Path folder, String title) {
    this.folder = folder;
    text.append("# ").append(title).append("\n\n");
  }

  /// Adds a table, where it has rows, and writes it as CSV.
  void add(Table table) {
    if (!table.rows().isEmpty()) {
      table.writeCsv(folder);
      text.append("## ").append(table.title()).append("\n\n").append(table.markdown());
    }
  }

  /// Writes a table as CSV alone.
  void addCsv(Table table) {
    table.writeCsv(folder);
  }

  /// Adds a figure.
  ///
  /// @return the file that it is to be drawn to
  Path figure(String name, String title) {
    text.append("![%s](%s.png)\n\n".formatted(title, name));
    return folder.resolve(name + ".png");
  }

  Path write() {
    try {
      Path file = folder.resolve("report.md");
      Files.writeString(file, text.toString().stripTrailing() + "\n");
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
