package io.espalier.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class ProgressTest {

  private final StringWriter err = new StringWriter();

  private String lines(int scale) {
    err.getBuffer().setLength(0);
    try (Progress progress = Progress.on(new PrintWriter(err, true))) {
      progress.began(7, 2);
      progress.scored("0", 5, OptionalDouble.of(5));
      progress.scored("0", 3, OptionalDouble.of(3));
      progress.pruned(scale, 1, 1);
    }
    return err.toString();
  }

  @Test
  void aScoreByFurtherVerifiersReplacesTheOneBefore() {
    assertThat(lines(1)).isEqualTo("scale 1 of 7: 1 candidates, 1 kept, best score so far 3.00\n");
  }

  @Test
  void beforeThereIsAFullImageTheBestCutOneIsTold() {
    try (Progress progress = Progress.on(new PrintWriter(err, true))) {
      progress.began(7, 2);
      progress.scored("0", -5, OptionalDouble.empty());
      progress.scored("1", -6, OptionalDouble.empty());
      progress.pruned(1, 2, 1);
    }
    assertThat(err.toString()).contains("best score so far -5.00");
  }
}
