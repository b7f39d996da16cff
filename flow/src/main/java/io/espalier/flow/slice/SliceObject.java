package io.espalier.flow.slice;

import io.espalier.beam.Bits;
import io.espalier.beam.Drawing;
import io.espalier.beam.Image;
import io.espalier.contracts.Drawn;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A slice's object as it was read, whole or its beginning. The bits come before the images, so
/// that they can be read without them.
///
/// ```
/// "ESPS", version 1, candidates n, tokens T, bits of a token D    20 bytes
/// bits of each candidate                                          n · ⌈T·D/8⌉ bytes
/// width, height, length of each image                             n · 12 bytes
/// images, see PackedImage                                         their lengths
/// ```
///
/// Numbers are integers of four bytes, the highest first. Of a damaged object everything is read
/// that can be; digests decide what is accepted. Immutable.
final class SliceObject {

  private static final int MAGIC = 0x45535053;
  private static final int VERSION = 1;
  private static final int HEADER = 5 * Integer.BYTES;
  private static final int IMAGE_HEADER = 3 * Integer.BYTES;

  private final String key;
  private final byte[] bytes;
  private final int candidates;
  private final int tokens;
  private final int perToken;
  private final List<PackedImage> images;

  /// Reads an object, or its beginning.
  ///
  /// @param key where it was found
  /// @throws DamagedSliceException where it does not begin as a slice does
  SliceObject(String key, byte[] bytes) {
    this.key = key;
    this.bytes = bytes;
    ByteBuffer in = ByteBuffer.wrap(bytes);
    if (bytes.length < HEADER || in.getInt() != MAGIC || in.getInt() != VERSION) {
      throw damaged("its %d bytes are no slice of version %d".formatted(bytes.length, VERSION));
    }
    candidates = in.getInt();
    tokens = in.getInt();
    perToken = in.getInt();
    if (candidates < 1 || tokens < 0 || perToken < 0 || bits() > Integer.MAX_VALUE) {
      throw damaged(
          "there are no %d candidates of %d · %d bits".formatted(candidates, tokens, perToken));
    }
    images = readable(in);
  }

  private List<PackedImage> readable(ByteBuffer in) {
    List<PackedImage> read = new ArrayList<>();
    long header = HEADER + (long) candidates * length();
    long from = header + (long) candidates * IMAGE_HEADER;
    while (read.size() < candidates && from <= bytes.length) {
      in.position((int) header);
      int width = in.getInt();
      int height = in.getInt();
      long to = from + in.getInt();
      if (to < from || to > bytes.length) {
        break;
      }
      read.add(new PackedImage(width, height, Arrays.copyOfRange(bytes, (int) from, (int) to)));
      header += IMAGE_HEADER;
      from = to;
    }
    return read;
  }

  /// The object of a slice.
  ///
  /// @param drawings their bits are equally many
  static byte[] of(List<Drawing> drawings) {
    Bits shape = drawings.getFirst().bits();
    List<byte[]> bits = drawings.stream().map(drawing -> drawing.bits().packed()).toList();
    List<PackedImage> images =
        drawings.stream().map(drawing -> PackedImage.of(drawing.image())).toList();
    int length =
        HEADER
            + bits.stream().mapToInt(each -> each.length).sum()
            + images.stream().mapToInt(image -> IMAGE_HEADER + image.bytes().length).sum();
    ByteBuffer out = ByteBuffer.allocate(length);
    out.putInt(MAGIC).putInt(VERSION).putInt(drawings.size());
    out.putInt(shape.tokens()).putInt(shape.perToken());
    bits.forEach(out::put);
    for (PackedImage image : images) {
      out.putInt(image.width()).putInt(image.height()).putInt(image.bytes().length);
    }
    images.forEach(image -> out.put(image.bytes()));
    return out.array();
  }

  /// How many bytes of an object it takes to read a candidate's bits.
  ///
  /// @param index the candidate's
  /// @param longest how many bytes the bits of a candidate take at most
  static int beginning(int index, int longest) {
    return Math.clamp(HEADER + (index + 1L) * longest, HEADER, Integer.MAX_VALUE);
  }

  /// A candidate's bits.
  ///
  /// @throws DamagedSliceException where they are not there, or are other ones
  Bits bits(Drawn drawn) {
    long from = HEADER + (long) drawn.index() * length();
    long to = from + length();
    if (drawn.index() >= 0 && drawn.index() < candidates && to <= bytes.length) {
      Bits bits = Bits.of(tokens, perToken, Arrays.copyOfRange(bytes, (int) from, (int) to));
      if (bits.digest().equals(drawn.bits())) {
        return bits;
      }
    }
    throw damaged("its candidate %d has no bits %s".formatted(drawn.index(), drawn.bits()));
  }

  /// A candidate's image.
  ///
  /// @throws DamagedSliceException where it is not there, or is another one
  Image image(Drawn drawn) {
    return Optional.of(drawn.index())
        .filter(index -> index >= 0 && index < images.size())
        .flatMap(index -> images.get(index).unpacked())
        .filter(image -> image.digest().equals(drawn.image()))
        .orElseThrow(
            () ->
                damaged(
                    "its candidate %d has no image %s".formatted(drawn.index(), drawn.image())));
  }

  /// All images that can be read, by their digests.
  Map<String, Image> images() {
    Map<String, Image> byDigest = new HashMap<>();
    for (PackedImage image : images) {
      image.unpacked().ifPresent(each -> byDigest.put(each.digest(), each));
    }
    return byDigest;
  }

  private long bits() {
    return (long) tokens * perToken;
  }

  private int length() {
    return (int) Math.ceilDiv(bits(), Byte.SIZE);
  }

  private DamagedSliceException damaged(String reason) {
    return new DamagedSliceException(key, reason);
  }
}
