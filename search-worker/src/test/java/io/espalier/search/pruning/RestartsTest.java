package io.espalier.search.pruning;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RestartsTest {

  private final Restarts restarts = new Restarts();

  @Test
  void aThreadThatDiesOnceIsReplacedAtOnceAndOneThatDiesOftenWaitsLongerEachTime() {
    assertThat(restarts.died(0)).isEqualTo(Duration.ZERO);
    Duration before = Duration.ZERO;
    for (int death = 2; death <= 8; death++) {
      Duration pause = restarts.died(death);
      assertThat(pause).isGreaterThan(before);
      before = pause;
    }
    for (int death = 9; death < 40; death++) {
      assertThat(restarts.died(death)).isLessThanOrEqualTo(Duration.ofSeconds(30));
    }
  }

  @Test
  void deathsAreTooManyOnlyWhileTheyAreRecent() {
    for (int death = 1; death < Restarts.TOO_MANY; death++) {
      restarts.died(0);
    }
    assertThat(restarts.tooMany(0)).isFalse();
    restarts.died(1);
    assertThat(restarts.tooMany(1)).isTrue();
    assertThat(restarts.tooMany(Restarts.LATELY.toNanos() + 2)).isFalse();
    assertThat(restarts.total()).isEqualTo(Restarts.TOO_MANY);
  }
}
