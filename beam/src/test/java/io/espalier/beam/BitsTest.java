package io.espalier.beam;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BitsTest {

  private static Bits random(int tokens, int perToken, long seed) {
    Random random = new Random(seed);
    ByteBuffer unpacked = ByteBuffer.allocate(tokens * perToken);
    while (unpacked.hasRemaining()) {
      unpacked.put((byte) random.nextInt(2));
    }
    return Bits.none(perToken).followedBy(unpacked.flip(), tokens);
  }

  @Property
  void packedBitsAreTakenBack(
      @ForAll @IntRange(max = 40) int tokens,
      @ForAll @IntRange(min = 1, max = 40) int perToken,
      @ForAll long seed) {
    Bits bits = random(tokens, perToken, seed);
    assertThat(Bits.of(tokens, perToken, bits.packed())).isEqualTo(bits);
  }

  @Test
  void bitsThatEndInOneByteAreToldApartByTheirDigest() {
    Bits one = Bits.none(1).followedBy(ByteBuffer.wrap(new byte[] {1}), 1);
    Bits five = one.followedBy(ByteBuffer.wrap(new byte[4]), 4);

    assertThat(one.packed()).isEqualTo(five.packed());
    assertThat(one.digest()).isNotEqualTo(five.digest());
  }
}
