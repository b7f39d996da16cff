package io.espalier.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class BootstrapTest {

  @Property(tries = 30)
  void theIntervalHoldsTheMeanAndLiesWithinTheValues(
      @ForAll @Size(min = 1, max = 20) List<@DoubleRange(min = 0, max = 1) Double> values) {
    Bootstrap.Estimate estimate = Bootstrap.mean(Map.of("task", values));

    assertThat(estimate.low()).isLessThanOrEqualTo(estimate.mean() + 1e-9);
    assertThat(estimate.high()).isGreaterThanOrEqualTo(estimate.mean() - 1e-9);
    assertThat(estimate.low()).isGreaterThanOrEqualTo(0);
    assertThat(estimate.high()).isLessThanOrEqualTo(1 + 1e-9);
  }

  @Test
  void tasksCountAlikeHoweverManyPromptsTheyHave() {
    Map<String, List<Double>> values =
        Map.of("few", List.of(1.0), "many", List.of(0.0, 0.0, 0.0, 0.0));

    assertThat(Bootstrap.mean(values)).isEqualTo(new Bootstrap.Estimate(0.5, 0.5, 0.5));
  }

  @Test
  void theIntervalIsThatOfTheNormalApproximation() {
    Random random = new Random(1);
    List<Double> coins = new ArrayList<>();
    for (int flip = 0; flip < 400; flip++) {
      coins.add(random.nextBoolean() ? 1.0 : 0.0);
    }

    Bootstrap.Estimate estimate = Bootstrap.mean(Map.of("coins", coins));

    double half = 1.96 * 0.5 / Math.sqrt(400);
    assertThat(estimate.high() - estimate.mean()).isCloseTo(half, within(0.006));
    assertThat(estimate.mean() - estimate.low()).isCloseTo(half, within(0.006));
    assertThat(estimate.clear()).isEqualTo("yes");
  }
}
