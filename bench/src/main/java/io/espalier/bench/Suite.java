package io.espalier.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// The prompts that the experiment asks for, written by `zoo/zoo suite`.
public final class Suite {

  private static final String FILE = "suite.tsv";

  private Suite() {}

  /// All prompts, task by task.
  public static List<Asked> all() {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(Suite.class.getResourceAsStream(FILE)),
                StandardCharsets.UTF_8))) {
      return lines.lines().map(Suite::asked).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Asked asked(String line) {
    List<String> columns = List.of(line.split("\t"));
    return new Asked(columns.get(0), columns.get(1), columns.get(2).equals("held-out"));
  }

  /// So many prompts, or all there are, as evenly from the tasks as these allow.
  static List<Asked> some(int prompts) {
    Map<String, List<Asked>> byTask = new LinkedHashMap<>();
    all().forEach(asked -> byTask.computeIfAbsent(asked.task(), _ -> new ArrayList<>()).add(asked));
    List<Asked> some = new ArrayList<>();
    for (int at = 0; some.size() < prompts; at++) {
      int before = some.size();
      for (List<Asked> task : byTask.values()) {
        if (at < task.size() && some.size() < prompts) {
          some.add(task.get(at));
        }
      }
      if (some.size() == before) {
        break;
      }
    }
    return some;
  }
}
