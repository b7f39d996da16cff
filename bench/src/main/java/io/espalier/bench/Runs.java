package io.espalier.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The runs of an experiment on the disk: a file for each cell, a line for each run. A run that a
/// killed process left half written is taken off and done again.
public final class Runs {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Path folder;

  /// @param folder made where it is not there
  public Runs(Path folder) {
    this.folder = folder;
  }

  /// Says what the runs are made with.
  ///
  /// @param digests of the models, by name, and the name of the suite
  /// @throws BenchException where there are runs of other models or another suite
  public void claim(Map<String, String> digests) {
    Path file = folder.resolve("models.json");
    try {
      Map<String, String> known = new TreeMap<>();
      if (Files.exists(file)) {
        known.putAll(JSON.readValue(file.toFile(), new TypeReference<Map<String, String>>() {}));
      }
      digests.forEach(
          (model, digest) -> {
            String before = known.putIfAbsent(model, digest);
            if (before != null && !before.equals(digest)) {
              throw new BenchException(
                  "%s holds runs of another %s (%s); choose another --out, or remove it"
                      .formatted(folder, model, before));
            }
          });
      Files.createDirectories(folder);
      Files.writeString(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(known));
    } catch (IOException e) {
      throw new BenchException("%s cannot be written: %s".formatted(folder, e));
    }
  }

  /// All runs of a cell that are whole.
  ///
  /// @throws BenchException where a line in the middle of a file is no run
  public List<Run> of(Cell cell) {
    Path file = file(cell.name());
    if (!Files.exists(file)) {
      return List.of();
    }
    try {
      String text = Files.readString(file);
      String whole = text.substring(0, text.lastIndexOf('\n') + 1);
      if (whole.length() < text.length()) {
        Files.writeString(file, whole);
      }
      List<Run> runs = new ArrayList<>();
      for (String line : whole.lines().toList()) {
        runs.add(JSON.readValue(line, Run.class));
      }
      return runs;
    } catch (JsonProcessingException e) {
      throw new BenchException(
          "%s, line %d, is no run: %s; remove the file to make its runs again"
              .formatted(file, e.getLocation().getLineNr(), e.getOriginalMessage()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Adds a run; it is on the disk when this returns.
  void add(Run run) {
    try {
      Files.write(
          file(run.cell()),
          (JSON.writeValueAsString(run) + "\n").getBytes(StandardCharsets.UTF_8),
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path file(String cell) {
    return folder.resolve(cell + ".jsonl");
  }
}
