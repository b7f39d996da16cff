package io.espalier.beam;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BitsTest {

  private static final Schedule SCHEDULE = FakeModels.schedule(1, 2, 3, 4);

  private static Bits random(int tokens, int perToken, long seed) {
    Random random = new Random(seed);
    ByteBuffer unpacked = ByteBuffer.allocate(tokens * perToken);
    while (unpacked.hasRemaining()) {
      unpacked.put((byte) random.nextInt(2));
    }
    return Bits.none(perToken).followedBy(unpacked.flip(), tokens);
  }

  @Property
  void storedBitsOfAnyScaleAndWidthAreReadBackByTheirDigest(
      @ForAll @IntRange(min = 1, max = 40) int perToken,
      @ForAll @IntRange(min = 1, max = 4) int last,
      @ForAll long seed) {
    Bits bits = random(SCHEDULE.tokens(1, last), perToken, seed);
    assertThat(Bits.stored(SCHEDULE, perToken, bits.packed(), bits.digest())).contains(bits);
  }

  @Test
  void twoScalesThatEndInOneByteAreToldApart() {
    Bits one = Bits.none(1).followedBy(ByteBuffer.wrap(new byte[] {1}), 1);
    Bits five = one.followedBy(ByteBuffer.wrap(new byte[4]), 4);

    assertThat(one.packed()).isEqualTo(five.packed());
    assertThat(Bits.stored(SCHEDULE, 1, one.packed(), one.digest())).contains(one);
    assertThat(Bits.stored(SCHEDULE, 1, five.packed(), five.digest())).contains(five);
  }

  @Property
  void otherBitsThanTheDigestSaysAreNone(
      @ForAll @IntRange(min = 1, max = 40) int perToken, @ForAll long seed) {
    Bits bits = random(SCHEDULE.tokens(1, 2), perToken, seed);
    Bits inside = bits.prefix(3);
    byte[] changed = bits.packed();
    changed[0] ^= (byte) 0x80;

    assertThat(Bits.stored(SCHEDULE, perToken, changed, bits.digest())).isEmpty();
    assertThat(Bits.stored(SCHEDULE, perToken, inside.packed(), inside.digest())).isEmpty();
  }
}
