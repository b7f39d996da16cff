package io.espalier.beam;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class WarningsTest {

  @Property(tries = 200)
  void theOrderOfWarningsChangesNothing(
      @ForAll @Size(max = 200) List<@IntRange(min = 0, max = 120) Integer> given,
      @ForAll long order) {
    List<String> inOrder = given.stream().map(number -> "warning " + number).toList();
    List<String> shuffled = new ArrayList<>(inOrder);
    Collections.shuffle(shuffled, new Random(order));
    Warnings warnings = all(inOrder);
    assertThat(all(shuffled)).isEqualTo(warnings);
    assertThat(warnings.texts()).hasSizeLessThanOrEqualTo(Warnings.MOST + 1);
    assertThat(warnings.total()).isEqualTo(given.size());
  }

  @Test
  void whatIsLeftOutIsCounted() {
    List<String> given = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      given.add("w%02d".formatted(i));
      given.add("w%02d".formatted(i));
    }
    Warnings warnings = all(given);
    assertThat(warnings.texts()).hasSize(Warnings.MOST + 1).contains("w00", "w49");
    assertThat(warnings.texts().last()).isEqualTo("… and 20 more warnings");
  }

  @Test
  void aLongWarningIsCutBetweenCodePoints() {
    String cut = all(List.of("😀".repeat(1_000))).texts().first();
    assertThat(cut).isEqualTo("😀".repeat(Warnings.LONGEST - 1) + "…");
  }

  private static Warnings all(List<String> given) {
    Warnings warnings = Warnings.NONE;
    for (String each : given) {
      warnings = warnings.plus(List.of(each));
    }
    return warnings;
  }
}
