package io.espalier.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class RunTest {

  private final Run run = Samples.run("random", "a star", 0, true);

  @Test
  void theAnswerIsJudgedAndTheFirstImageTooAndAnEarlierStop() {
    assertThat(run.answered()).hasValueSatisfying(image -> assertThat(image.right()).isTrue());
    assertThat(run.first()).hasValueSatisfying(image -> assertThat(image.right()).isFalse());
    assertThat(run.bestUpTo(1))
        .hasValueSatisfying(image -> assertThat(image.lineage()).isEqualTo("0"));
  }

  @Property
  void theBestOfSomeImagesIsRightAsOftenAsOverAllWaysToChooseThem(
      @ForAll @Size(min = 1, max = 8) List<Boolean> verdicts, @ForAll @IntRange(max = 7) int more) {
    int images = verdicts.size();
    int chosen = 1 + more % images;
    Run random = Samples.random(verdicts);
    int ways = 0;
    int right = 0;
    for (int set = 1; set < 1 << images; set++) {
      if (Integer.bitCount(set) == chosen) {
        ways++;
        right += verdicts.get(Integer.numberOfTrailingZeros(set)) ? 1 : 0;
      }
    }
    assertThat(random.ofBest(chosen, Run.Pictured::verdict))
        .isCloseTo((double) right / ways, within(1e-9));
  }

  @Test
  void oneVerifierAloneMayChooseAnother() {
    assertThat(run.bestBy("clip"))
        .hasValueSatisfying(image -> assertThat(image.lineage()).isEqualTo("1"));
    assertThat(run.bestBy("vlm"))
        .hasValueSatisfying(image -> assertThat(image.lineage()).isEqualTo("0"));
    assertThat(run.bestBy("nobody")).isEmpty();
  }

  @Test
  void costsAddUpByScale() {
    assertThat(run.nfeUpTo(1)).isEqualTo(7);
    assertThat(run.nfeUpTo(2)).isEqualTo(14);
    assertThat(run.tokenForwardsUpTo(2)).isEqualTo(620);
  }
}
