package io.espalier.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class SuiteTest {

  private static final List<String> TASKS =
      List.of("single", "two", "counting", "colors", "position", "attribution");

  @Test
  void thereAreThreeHundredPromptsOfSixTasksAndNoneTwice() {
    List<Asked> all = Suite.GENEVAL.all();

    assertThat(all).hasSizeGreaterThanOrEqualTo(300);
    assertThat(all).extracting(Asked::prompt).doesNotHaveDuplicates();
    assertThat(all).extracting(Asked::task).containsOnly(TASKS.toArray(String[]::new));
    assertThat(all)
        .filteredOn(asked -> asked.task().equals("attribution"))
        .allMatch(Asked::heldOut);
  }

  @Test
  void someAreTakenEvenlyAndAllWhereMoreAreAskedFor() {
    assertThat(Suite.GENEVAL.some(12)).extracting(Asked::task).containsAll(TASKS).hasSize(12);
    assertThat(Suite.GENEVAL.some(10_000)).hasSameElementsAs(Suite.GENEVAL.all());
  }

  @Test
  void theHardSuiteHasEightyHeldOutPromptsOfEachCompositionalTask() {
    List<Asked> all = Suite.HARD.all();

    assertThat(all).extracting(Asked::prompt).doesNotHaveDuplicates();
    assertThat(all).allMatch(Asked::heldOut);
    assertThat(all.stream().collect(Collectors.groupingBy(Asked::task, Collectors.counting())))
        .isEqualTo(Map.of("three", 80L, "triple", 80L, "groups", 80L, "row", 80L));
  }
}
