package io.espalier.search.pruning;

import io.espalier.beam.Bits;
import io.espalier.beam.Drawing;
import io.espalier.beam.Generator;
import io.espalier.beam.Image;
import io.espalier.beam.Lineage;
import io.espalier.beam.SearchSpec;
import io.espalier.beam.Slice;
import io.espalier.beam.Uniforms;
import io.espalier.beam.Verifier;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/// A generator of coin flips, and verifiers that read an image's bytes.
final class FakeModels {

  static final int BITS_PER_TOKEN = 3;

  private FakeModels() {}

  static final class FakeGenerator implements Generator {
    @Override
    public int bitsPerToken() {
      return BITS_PER_TOKEN;
    }

    @Override
    public Drawn draw(SearchSpec spec, Slice slice, Bits parent) {
      Bits prefix = parent.prefix(spec.schedule().tokens(1, slice.scale() - 1));
      List<Drawing> drawings = new ArrayList<>();
      for (Lineage candidate : slice.candidates()) {
        Bits bits = prefix;
        for (int scale = slice.scale(); scale <= slice.depth(); scale++) {
          bits = scale(spec, candidate, scale, bits);
        }
        byte[] pixels = Arrays.copyOf(bits.digest().getBytes(StandardCharsets.UTF_8), 12);
        drawings.add(new Drawing(candidate, bits, new Image(2, 2, pixels)));
      }
      return new Drawn(drawings, Set.of());
    }

    private static Bits scale(SearchSpec spec, Lineage candidate, int scale, Bits before) {
      int tokens = spec.schedule().tokens(scale, scale);
      FloatBuffer uniforms = FloatBuffer.allocate(tokens * BITS_PER_TOKEN);
      Uniforms.fill(spec.seed(), candidate, scale, uniforms, uniforms.capacity());
      ByteBuffer bits = ByteBuffer.allocate(uniforms.capacity());
      for (int i = 0; i < bits.capacity(); i++) {
        bits.put((byte) (uniforms.get(i) < 0.5f ? 1 : 0));
      }
      return before.followedBy(bits.flip(), tokens);
    }
  }

  record FakeVerifier(String name, int pixel) implements Verifier {
    @Override
    public Scores score(String prompt, List<Image> images) {
      return new Scores(
          images.stream().mapToDouble(image -> image.rgb()[pixel]).toArray(),
          images.stream()
              .map(image -> List.of((float) image.rgb()[2], (float) image.rgb()[3]))
              .toList(),
          Set.of());
    }
  }

  static List<Verifier> verifiers() {
    return List.of(new FakeVerifier("clip", 0), new FakeVerifier("image-reward", 1));
  }
}
