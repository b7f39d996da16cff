package io.espalier.beam;

/// A picture: three bytes (red, green, blue) for each pixel, row after row. The array is not
/// copied; whoever makes an image gives it away.
@SuppressWarnings("ArrayRecordComponent")
public record Image(int width, int height, byte[] rgb) {

  public Image {
    if (rgb.length != 3 * width * height) {
      throw new IllegalArgumentException(
          "a picture of %d×%d takes %d bytes, but there are %d"
              .formatted(width, height, 3 * width * height, rgb.length));
    }
  }

  /// SHA-256 of the size and the pixels, in hexadecimal digits: the same however it is stored.
  public String digest() {
    return Digest.hex(Digest.ints(width, height), rgb);
  }
}
