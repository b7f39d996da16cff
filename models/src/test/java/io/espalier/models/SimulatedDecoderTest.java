package io.espalier.models;

import static org.assertj.core.api.Assertions.assertThat;

import io.espalier.beam.Bits;
import io.espalier.beam.Grid;
import io.espalier.beam.Image;
import io.espalier.beam.Lineage;
import io.espalier.beam.Schedule;
import io.espalier.beam.Uniforms;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;

/// What a simulated image weighs.
class SimulatedDecoderTest {

  private static final int SIDE = 1024;
  private static final int D = 32;

  private static final Schedule INFINITY =
      new Schedule(
          Stream.of(1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64)
              .map(side -> new Grid(side, side))
              .toList());

  @Test
  void anImageCompressesAsAPhotographDoes() {
    Image image = new SimulatedDecoder(INFINITY, List.of(SIDE, SIDE)).decode(bits());
    assertThat(compressed(image.rgb())).isBetween(1_000_000, 1_600_000);
  }

  /// The size of the differences between neighbours, which are what a PNG compresses.
  private static int compressed(byte[] rgb) {
    byte[] differences = new byte[rgb.length];
    for (int i = 0; i < rgb.length; i++) {
      differences[i] = (byte) (rgb[i] - (i % (3 * SIDE) < 3 ? 0 : rgb[i - 3]));
    }
    byte[] out = new byte[rgb.length];
    try (Deflater deflater = new Deflater()) {
      deflater.setInput(differences);
      deflater.finish();
      return deflater.deflate(out);
    }
  }

  private static Bits bits() {
    int tokens = INFINITY.tokens(1, INFINITY.scales());
    FloatBuffer uniforms = FloatBuffer.allocate(D * tokens);
    Uniforms.fill(1, Lineage.root(), 1, uniforms, uniforms.capacity());
    ByteBuffer bits = ByteBuffer.allocate(uniforms.capacity());
    for (float uniform : uniforms.array()) {
      bits.put((byte) (uniform < 0.5 ? 1 : 0));
    }
    return Bits.none(D).followedBy(bits.flip(), tokens);
  }
}
