package io.espalier.beam;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/// The random numbers of a search: a function of (job seed, lineage, scale) and nothing else.
///
/// The generator is Philox 4×32-10 (Salmon et al., *Parallel random numbers: as easy as 1, 2, 3*,
/// SC 2011), a counter-based one: its key and the upper half of its counter are a SHA-256 of
/// (seed, lineage, scale), the lower half counts blocks of four numbers. So any worker draws any
/// node's numbers without drawing another's. Marks at a lineage's end do not count, see
/// [Lineage#key()].
public final class Uniforms {

  private static final int MULTIPLIER_0 = 0xD2511F53;
  private static final int MULTIPLIER_1 = 0xCD9E8D57;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;
  private static final int ROUNDS = 10;
  private static final float UNIT = 0x1p-24f;

  private Uniforms() {}

  /// Puts `count` numbers in [0, 1), each a multiple of 2⁻²⁴, at the buffer's position and moves
  /// it on.
  ///
  /// @param scale the scale that the numbers are for; a rollout uses its candidate's lineage at
  ///     every scale that it draws
  public static void fill(long seed, Lineage lineage, int scale, FloatBuffer out, int count) {
    ByteBuffer stream = ByteBuffer.wrap(stream(seed, lineage.key(), scale));
    int key0 = stream.getInt();
    int key1 = stream.getInt();
    int high0 = stream.getInt();
    int high1 = stream.getInt();
    int[] block = new int[4];
    for (int drawn = 0; drawn < count; drawn += 4) {
      philox(drawn / 4, 0, high0, high1, key0, key1, block);
      for (int lane = 0; lane < Math.min(4, count - drawn); lane++) {
        out.put((block[lane] >>> 8) * UNIT);
      }
    }
  }

  private static byte[] stream(long seed, Lineage key, int scale) {
    byte[] name =
        ByteBuffer.allocate(Long.BYTES + Integer.BYTES).putLong(seed).putInt(scale).array();
    return Digest.of(name, Digest.ints(key.steps()));
  }

  /// One block: four 32-bit numbers from a 128-bit counter and a 64-bit key.
  static void philox(int c0, int c1, int c2, int c3, int key0, int key1, int[] out) {
    for (int round = 0; round < ROUNDS; round++) {
      long product0 = Integer.toUnsignedLong(MULTIPLIER_0) * Integer.toUnsignedLong(c0);
      long product1 = Integer.toUnsignedLong(MULTIPLIER_1) * Integer.toUnsignedLong(c2);
      c0 = (int) (product1 >>> 32) ^ c1 ^ key0;
      c1 = (int) product1;
      c2 = (int) (product0 >>> 32) ^ c3 ^ key1;
      c3 = (int) product0;
      key0 += WEYL_0;
      key1 += WEYL_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
  }
}
