package io.espalier.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SuiteTest {

  private static final List<String> TASKS =
      List.of("single", "two", "counting", "colors", "position", "attribution");

  @Test
  void thereAreThreeHundredPromptsOfSixTasksAndNoneTwice() {
    List<Asked> all = Suite.all();

    assertThat(all).hasSizeGreaterThanOrEqualTo(300);
    assertThat(all).extracting(Asked::prompt).doesNotHaveDuplicates();
    assertThat(all).extracting(Asked::task).containsOnly(TASKS.toArray(String[]::new));
    assertThat(all)
        .filteredOn(asked -> asked.task().equals("attribution"))
        .allMatch(Asked::heldOut);
  }

  @Test
  void someAreTakenEvenlyAndAllWhereMoreAreAskedFor() {
    assertThat(Suite.some(12)).extracting(Asked::task).containsAll(TASKS).hasSize(12);
    assertThat(Suite.some(10_000)).hasSameElementsAs(Suite.all());
  }
}
