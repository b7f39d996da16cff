package io.espalier.beam;

import java.nio.FloatBuffer;

/// Standard normal numbers of a search: [Uniforms] by the method of Box and Muller, in arithmetic
/// that is the same on every machine.
public final class Normals {

  private static final int SCALE = 1;

  private Normals() {}

  /// Puts `count` numbers at the buffer's position and moves it on.
  public static void fill(long seed, Lineage lineage, FloatBuffer out, int count) {
    FloatBuffer uniforms = FloatBuffer.allocate(count + (count & 1));
    Uniforms.fill(seed, lineage, SCALE, uniforms, uniforms.capacity());
    uniforms.flip();
    for (int put = 0; put < count; put += 2) {
      // In (0, 1], so that the logarithm is finite.
      double radius = Math.sqrt(-2 * StrictMath.log(1 - uniforms.get()));
      double angle = 2 * Math.PI * uniforms.get();
      out.put((float) (radius * StrictMath.cos(angle)));
      if (put + 1 < count) {
        out.put((float) (radius * StrictMath.sin(angle)));
      }
    }
  }
}
