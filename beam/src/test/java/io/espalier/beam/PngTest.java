package io.espalier.beam;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class PngTest {

  @Property(tries = 50)
  void anImageIsReadAsItWasWritten(
      @ForAll @IntRange(min = 1, max = 40) int width,
      @ForAll @IntRange(min = 1, max = 40) int height,
      @ForAll long seed)
      throws IOException {
    byte[] rgb = new byte[3 * width * height];
    new Random(seed).nextBytes(rgb);
    Image image = new Image(width, height, rgb);
    assertThat(Png.decode(Png.encode(image)).digest()).isEqualTo(image.digest());
  }

  @Test
  void bytesThatAreNoPictureAreRefused() {
    assertThatThrownBy(() -> Png.decode(new byte[] {1, 2, 3}))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no PNG picture");
  }
}
