package io.espalier.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExperimentTest {

  private static final String SAME = "beam, all weighted";

  @TempDir private Path folder;

  @Test
  void whatAnotherPartHasSearchedForIsTakenOver() throws IOException, InterruptedException {
    Files.createDirectories(folder);
    Runs runs = new Runs(folder);
    String prompt = Suite.GENEVAL.some(1).getFirst().prompt();
    for (Cell cell : Cell.all()) {
      if (!cell.name().equals(SAME) && (cell.part() == 2 || cell.name().equals("beam-carry"))) {
        runs.add(Samples.run(cell.name(), prompt, 0, cell.name().equals("beam-carry")));
      }
    }
    Experiment experiment =
        new Experiment(new Experiment.Extent(Suite.GENEVAL, Set.of(2), 1, 1, 1), runs);

    experiment.run(
        request -> {
          throw new AssertionError("searched again: " + request);
        },
        (_, _) -> {
          throw new AssertionError("judged again");
        },
        () -> {});

    Cell cell = Cell.all().stream().filter(each -> each.name().equals(SAME)).findFirst().get();
    assertThat(runs.of(cell)).containsExactly(Samples.run(SAME, prompt, 0, true));
  }
}
