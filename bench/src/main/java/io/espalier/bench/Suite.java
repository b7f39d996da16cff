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

/// The prompts that the experiment asks for.
public enum Suite {

  /// The six tasks of GenEval, some of whose prompts models were trained on: `zoo/zoo suite`.
  GENEVAL("suite.tsv"),

  /// Four compositional tasks, all of whose prompts are held out: `zoo/zoo suite --hard`.
  HARD("suite-hard.tsv");

  private final String file;

  Suite(String file) {
    this.file = file;
  }

  /// All prompts, task by task.
  public List<Asked> all() {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(Suite.class.getResourceAsStream(file)),
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
  List<Asked> some(int prompts) {
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
