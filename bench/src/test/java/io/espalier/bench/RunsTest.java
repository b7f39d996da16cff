package io.espalier.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunsTest {

  @TempDir private Path folder;
  private final Cell cell = Cell.all().getFirst();
  private Runs runs = new Runs(Path.of(""));

  @BeforeEach
  void claim() {
    runs = new Runs(folder);
    runs.claim(Map.of("clip", "d1"));
  }

  @Test
  void whatIsAddedIsThere() {
    runs.add(Samples.run(cell.name(), "a star", 0, true));
    runs.add(Samples.run(cell.name(), "a ring", 1, false));

    assertThat(runs.of(cell))
        .containsExactly(
            Samples.run(cell.name(), "a star", 0, true),
            Samples.run(cell.name(), "a ring", 1, false));
  }

  @Test
  void aRunThatIsHalfWrittenIsTakenOff() throws IOException {
    runs.add(Samples.run(cell.name(), "a star", 0, true));
    Path file = folder.resolve(cell.name() + ".jsonl");
    Files.writeString(file, "{\"cell\": \"ran", StandardOpenOption.APPEND);

    assertThat(runs.of(cell)).hasSize(1);
    runs.add(Samples.run(cell.name(), "a ring", 0, true));
    assertThat(runs.of(cell)).hasSize(2);
  }

  @Test
  void aLineThatIsNoRunIsSaidWithItsFile() throws IOException {
    Files.writeString(folder.resolve(cell.name() + ".jsonl"), "nonsense\n");

    assertThatThrownBy(() -> runs.of(cell))
        .isInstanceOf(BenchException.class)
        .hasMessageContaining(cell.name() + ".jsonl")
        .hasMessageContaining("is no run");
  }

  @Test
  void runsOfOtherModelsAreNotMixedIn() {
    runs.claim(Map.of("clip", "d1", "vlm", "d2"));

    assertThatThrownBy(() -> runs.claim(Map.of("clip", "d3")))
        .isInstanceOf(BenchException.class)
        .hasMessageContaining("another clip")
        .hasMessageContaining("d1");
  }
}
