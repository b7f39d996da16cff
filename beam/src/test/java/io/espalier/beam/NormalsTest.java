package io.espalier.beam;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.FloatBuffer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class NormalsTest {

  private static final Lineage THIRD = Lineage.root().child(3);

  private static float[] draw(long seed, Lineage lineage, int count) {
    FloatBuffer out = FloatBuffer.allocate(count);
    Normals.fill(seed, lineage, out, count);
    assertThat(out.hasRemaining()).isFalse();
    return out.array();
  }

  @Property
  void theyAreAFunctionOfSeedAndLineageWhateverTheirNumber(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 99) int count) {
    float[] more = draw(seed, THIRD, 100);
    float[] fewer = draw(seed, THIRD, count);

    assertThat(fewer).containsExactly(java.util.Arrays.copyOf(more, count));
    assertThat(more).isNotEqualTo(draw(seed, Lineage.root().child(4), 100));
    assertThat(more).isNotEqualTo(draw(seed + 1, THIRD, 100));
    for (float each : more) {
      assertThat(each).isFinite();
    }
  }

  @Test
  void theyAreDistributedNormally() {
    int count = 200_000;
    float[] numbers = draw(7, THIRD, count);

    double sum = 0;
    double squares = 0;
    int beyondTwo = 0;
    for (float each : numbers) {
      sum += each;
      squares += each * each;
      beyondTwo += Math.abs(each) > 2 ? 1 : 0;
    }
    assertThat(sum / count).isCloseTo(0, within(0.01));
    assertThat(squares / count).isCloseTo(1, within(0.02));
    assertThat((double) beyondTwo / count).isCloseTo(0.0455, within(0.003));
  }
}
