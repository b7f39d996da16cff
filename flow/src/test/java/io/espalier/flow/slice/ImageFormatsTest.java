package io.espalier.flow.slice;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import io.espalier.beam.Image;
import io.espalier.beam.Png;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import net.jpountz.lz4.LZ4Factory;
import org.junit.jupiter.api.Test;

/// The formats that candidates' images could have in the store. Where `espalier.pictures` names a
/// folder of PNG files, what they cost is measured and printed; `docs/decisions.md` has that.
class ImageFormatsTest {

  private static final int CHANNELS = 3;
  private static final Duration EACH = Duration.ofSeconds(1);
  private static final float FASTEST_DEFLATE = 8f / 9;
  private static final LZ4Factory LZ4 = LZ4Factory.fastestInstance();

  /// A format.
  ///
  /// @param unpack reads an image of the same size as a given one
  private record Format(
      String name, Function<Image, byte[]> pack, BiFunction<byte[], Image, byte[]> unpack) {

    Format after(
        String filter, Function<Image, Image> differences, BiFunction<byte[], Image, byte[]> sums) {
      return new Format(
          name + ", " + filter,
          image -> pack.apply(differences.apply(image)),
          (packed, like) -> sums.apply(unpack.apply(packed, like), like));
    }

    Format left() {
      return after(
          "left", image -> differences(image, CHANNELS), (bytes, _) -> sumsFromLeft(bytes));
    }

    Format above() {
      return after(
          "above",
          image -> differences(image, row(image)),
          (bytes, like) -> {
            PackedImage.sums(bytes, row(like));
            return bytes;
          });
    }
  }

  private static final List<Format> FORMATS =
      List.of(
          new Format("raw", image -> image.rgb().clone(), (packed, _) -> packed.clone()),
          new Format("PNG", Png::encode, (packed, _) -> png(packed)),
          new Format("PNG, level 1", ImageFormatsTest::fastPng, (packed, _) -> png(packed)),
          lz4(),
          lz4().left(),
          lz4().above(),
          zstd(1),
          zstd(1).left(),
          new Format(
              "Zstandard 1, above",
              image -> PackedImage.of(image).bytes(),
              (packed, like) ->
                  new PackedImage(like.width(), like.height(), packed)
                      .unpacked()
                      .orElseThrow()
                      .rgb()),
          zstd(2),
          zstd(2).above(),
          zstd(3),
          zstd(3).above());

  private static Format lz4() {
    return new Format(
        "LZ4",
        image -> LZ4.fastCompressor().compress(image.rgb()),
        (packed, like) -> {
          byte[] rgb = new byte[like.rgb().length];
          assertThat(LZ4.safeDecompressor().decompress(packed, rgb)).isEqualTo(rgb.length);
          return rgb;
        });
  }

  private static Format zstd(int level) {
    return new Format(
        "Zstandard " + level,
        image -> Zstd.compress(image.rgb(), level),
        (packed, like) -> Zstd.decompress(packed, like.rgb().length));
  }

  private static int row(Image image) {
    return CHANNELS * image.width();
  }

  private static Image differences(Image image, int distance) {
    return new Image(image.width(), image.height(), PackedImage.differences(image.rgb(), distance));
  }

  private static byte[] sumsFromLeft(byte[] differences) {
    for (int i = CHANNELS; i < differences.length; i++) {
      differences[i] += differences[i - CHANNELS];
    }
    return differences;
  }

  private static byte[] fastPng(Image image) {
    ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
    ImageWriteParam parameters = writer.getDefaultWriteParam();
    parameters.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
    parameters.setCompressionQuality(FASTEST_DEFLATE);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ImageOutputStream out = ImageIO.createImageOutputStream(bytes)) {
      writer.setOutput(out);
      writer.write(null, new IIOImage(Png.asBuffered(image), null, null), parameters);
    } catch (IOException e) {
      throw new AssertionError(e);
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }

  private static byte[] png(byte[] packed) {
    try {
      return Png.decode(packed).rgb();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void everyFormatGivesAnImageBack() throws IOException {
    List<Image> pictures = pictures();
    for (Format format : FORMATS) {
      for (Image picture : pictures) {
        byte[] packed = format.pack().apply(picture);
        assertThat(format.unpack().apply(packed, picture))
            .as(format.name())
            .isEqualTo(picture.rgb());
      }
      if (System.getProperty("espalier.pictures") != null) {
        measure(format, pictures);
      }
    }
  }

  private static List<Image> pictures() throws IOException {
    String folder = System.getProperty("espalier.pictures");
    if (folder == null) {
      return List.of(gradient());
    }
    List<Image> pictures = new ArrayList<>();
    try (Stream<Path> files = Files.list(Path.of(folder))) {
      for (Path file : files.sorted().toList()) {
        pictures.add(Png.decode(Files.readAllBytes(file)));
      }
    }
    return pictures;
  }

  private static Image gradient() {
    int side = 16;
    byte[] rgb = new byte[CHANNELS * side * side];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (i / side);
    }
    return new Image(side, side, rgb);
  }

  private static void measure(Format format, List<Image> pictures) {
    int count = pictures.size();
    List<byte[]> packed = pictures.stream().map(format.pack()).toList();
    System.out.printf(
        "%-20s %,11.0f bytes %8.2f ms to pack %8.2f ms to unpack%n",
        format.name(),
        packed.stream().mapToInt(bytes -> bytes.length).average().orElseThrow(),
        millis(count, i -> format.pack().apply(pictures.get(i))),
        millis(count, i -> format.unpack().apply(packed.get(i), pictures.get(i))));
  }

  /// The CPU time that a picture takes, warm: the median of many rounds.
  private static double millis(int pictures, IntFunction<byte[]> work) {
    rounds(pictures, work);
    List<Long> times = rounds(pictures, work);
    return times.get(times.size() / 2) / 1e6 / pictures;
  }

  private static List<Long> rounds(int pictures, IntFunction<byte[]> work) {
    List<Long> times = new ArrayList<>();
    long end = System.nanoTime() + EACH.toNanos();
    do {
      long from = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
      for (int picture = 0; picture < pictures; picture++) {
        assertThat(work.apply(picture).length).isPositive();
      }
      times.add(ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - from);
    } while (System.nanoTime() < end);
    return times.stream().sorted().toList();
  }
}
