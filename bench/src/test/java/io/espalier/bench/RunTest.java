package io.espalier.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RunTest {

  private final Run run = Samples.run("random", "a star", 0, true);

  @Test
  void theAnswerIsJudgedAndTheFirstImageTooAndAnEarlierStop() {
    assertThat(run.answered()).hasValueSatisfying(image -> assertThat(image.right()).isTrue());
    assertThat(run.first()).hasValueSatisfying(image -> assertThat(image.right()).isFalse());
    assertThat(run.bestOf(1))
        .hasValueSatisfying(image -> assertThat(image.lineage()).isEqualTo("0"));
    assertThat(run.bestOf(2))
        .hasValueSatisfying(image -> assertThat(image.lineage()).isEqualTo("1"));
    assertThat(run.bestUpTo(1))
        .hasValueSatisfying(image -> assertThat(image.lineage()).isEqualTo("0"));
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
