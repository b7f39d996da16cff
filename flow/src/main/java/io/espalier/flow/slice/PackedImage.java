package io.espalier.flow.slice;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import io.espalier.beam.Image;
import java.util.Optional;

/// An image without loss: every row but the first as its difference from the row above, and all of
/// that compressed by Zstandard. Of the formats in `docs/decisions.md` this one costs least.
@SuppressWarnings("ArrayRecordComponent")
record PackedImage(int width, int height, byte[] bytes) {

  private static final int LEVEL = 1;
  private static final int CHANNELS = 3;
  private static final int MOST_PIXELS = Integer.MAX_VALUE / CHANNELS;

  static PackedImage of(Image image) {
    byte[] packed = Zstd.compress(differences(image.rgb(), CHANNELS * image.width()), LEVEL);
    return new PackedImage(image.width(), image.height(), packed);
  }

  /// The image; empty where the bytes are none of this size.
  Optional<Image> unpacked() {
    if (width < 1 || height < 1 || Math.multiplyFull(width, height) > MOST_PIXELS) {
      return Optional.empty();
    }
    int length = CHANNELS * width * height;
    if (Zstd.getFrameContentSize(bytes, 0, bytes.length) != length) {
      return Optional.empty(); // before anything is allocated for a size that is not true
    }
    byte[] rgb = new byte[length];
    try {
      Zstd.decompressByteArray(rgb, 0, length, bytes, 0, bytes.length);
    } catch (ZstdException _) {
      return Optional.empty();
    }
    sums(rgb, CHANNELS * width);
    return Optional.of(new Image(width, height, rgb));
  }

  /// @param row how many bytes a row has
  static byte[] differences(byte[] rgb, int row) {
    byte[] differences = rgb.clone();
    for (int i = row; i < rgb.length; i++) {
      differences[i] = (byte) (rgb[i] - rgb[i - row]);
    }
    return differences;
  }

  /// Takes differences back in place. The row above is kept apart, for which the compiler can
  /// compute many bytes at a time.
  static void sums(byte[] differences, int row) {
    byte[] above = new byte[row];
    for (int from = 0; from < differences.length; from += row) {
      for (int i = 0; i < row; i++) {
        differences[from + i] += above[i];
      }
      System.arraycopy(differences, from, above, 0, row);
    }
  }
}
