package io.espalier.beam;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class UniformsTest {

  @Test
  void philoxGivesThePublishedNumbers() {
    assertThat(philox(0, 0, 0, 0, 0, 0))
        .containsExactly(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
    assertThat(philox(-1, -1, -1, -1, -1, -1))
        .containsExactly(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
    assertThat(philox(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0))
        .containsExactly(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
  }

  @Property
  void aLongerDrawBeginsWithTheShorterOne(
      @ForAll long seed, @ForAll @IntRange(min = 0, max = 99) int count) {
    Lineage lineage = Lineage.root().child(3);
    float[] longer = draw(seed, lineage, 2, 100);
    assertThat(draw(seed, lineage, 2, count)).isEqualTo(java.util.Arrays.copyOf(longer, count));
  }

  @Property
  void everyNumberLiesInTheUnitInterval(@ForAll long seed, @ForAll @IntRange(max = 9) int branch) {
    for (float value : draw(seed, Lineage.root().child(branch), 1, 64)) {
      assertThat(value).isBetween(0f, Math.nextDown(1f));
    }
  }

  @Test
  void marksAtTheEndOfALineageDrawTheRolloutTheyLieOn() {
    Lineage drawn = Lineage.parse("3.1");
    assertThat(draw(7, drawn.carriedOn(2), 5, 40)).isEqualTo(draw(7, drawn, 5, 40));
  }

  @Test
  void anotherSeedLineageOrScaleDrawsOtherNumbers() {
    float[] numbers = draw(7, Lineage.parse("3.1"), 5, 40);
    assertThat(draw(8, Lineage.parse("3.1"), 5, 40)).isNotEqualTo(numbers);
    assertThat(draw(7, Lineage.parse("3.2"), 5, 40)).isNotEqualTo(numbers);
    assertThat(draw(7, Lineage.parse("3.carry.1"), 5, 40)).isNotEqualTo(numbers);
    assertThat(draw(7, Lineage.parse("3.1"), 6, 40)).isNotEqualTo(numbers);
  }

  @Test
  void theNumbersAreSpreadEvenly() {
    int[] histogram = new int[16];
    for (int branch = 0; branch < 10; branch++) {
      for (float value : draw(1, Lineage.root().child(branch), 1, 16_000)) {
        histogram[(int) (value * 16)]++;
      }
    }
    double chiSquared = 0;
    for (int count : histogram) {
      chiSquared += (count - 10_000.0) * (count - 10_000.0) / 10_000.0;
    }
    assertThat(chiSquared).as("χ² with 15 degrees of freedom, 99.9 %").isLessThan(37.7);
  }

  private static int[] philox(int c0, int c1, int c2, int c3, int k0, int k1) {
    int[] out = new int[4];
    Uniforms.philox(c0, c1, c2, c3, k0, k1, out);
    return out;
  }

  private static float[] draw(long seed, Lineage lineage, int scale, int count) {
    FloatBuffer out = FloatBuffer.allocate(count);
    Uniforms.fill(seed, lineage, scale, out, count);
    return out.array();
  }
}
