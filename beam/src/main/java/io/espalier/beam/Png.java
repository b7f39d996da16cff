package io.espalier.beam;

import java.awt.Point;
import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;

/// Images as PNG files. The same image gives the same bytes on the same JDK.
public final class Png {

  private static final int[] RED_GREEN_BLUE = {0, 1, 2};

  static {
    ImageIO.setUseCache(false);
  }

  private Png() {}

  public static byte[] encode(Image image) {
    return encode(asBuffered(image));
  }

  public static byte[] encode(BufferedImage image) {
    try {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ImageIO.write(image, "png", out);
      return out.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory cannot fail", e);
    }
  }

  /// Reads a picture.
  ///
  /// @throws IOException where the bytes are none
  public static Image decode(byte[] png) throws IOException {
    @Nullable BufferedImage read = ImageIO.read(new ByteArrayInputStream(png));
    if (read == null) {
      throw new IOException("these %d bytes are no PNG picture".formatted(png.length));
    }
    byte[] rgb = new byte[3 * read.getWidth() * read.getHeight()];
    int at = 0;
    for (int y = 0; y < read.getHeight(); y++) {
      for (int x = 0; x < read.getWidth(); x++) {
        int pixel = read.getRGB(x, y);
        rgb[at++] = (byte) (pixel >> 16);
        rgb[at++] = (byte) (pixel >> 8);
        rgb[at++] = (byte) pixel;
      }
    }
    return new Image(read.getWidth(), read.getHeight(), rgb);
  }

  /// The image for drawing with; it shares the pixels.
  public static BufferedImage asBuffered(Image image) {
    int width = image.width();
    int height = image.height();
    WritableRaster raster =
        Raster.createInterleavedRaster(
            new DataBufferByte(image.rgb(), image.rgb().length),
            width,
            height,
            3 * width,
            3,
            RED_GREEN_BLUE,
            new Point());
    ComponentColorModel colors =
        new ComponentColorModel(
            ColorSpace.getInstance(ColorSpace.CS_sRGB),
            false,
            false,
            Transparency.OPAQUE,
            DataBuffer.TYPE_BYTE);
    return new BufferedImage(colors, raster, false, null);
  }
}
