package io.espalier.beam;

import java.nio.ByteBuffer;
import java.util.Arrays;

/// The bits of the scales 1..k of one sequence, eight to a byte, the first in the highest place;
/// token after token, `perToken` bits each.
public final class Bits {

  private final int tokens;
  private final int perToken;
  private final byte[] packed;

  private Bits(int tokens, int perToken, byte[] packed) {
    this.tokens = tokens;
    this.perToken = perToken;
    this.packed = packed;
  }

  /// The empty prefix.
  public static Bits none(int perToken) {
    return new Bits(0, perToken, new byte[0]);
  }

  /// Takes packed bits as [#packed()] gave them.
  ///
  /// @throws IllegalArgumentException where the length is not that of so many tokens
  public static Bits of(int tokens, int perToken, byte[] packed) {
    int expected = bytes(tokens * perToken);
    if (packed.length != expected) {
      throw new IllegalArgumentException(
          "%d tokens of %d bits take %d bytes, but there are %d"
              .formatted(tokens, perToken, expected, packed.length));
    }
    return new Bits(tokens, perToken, packed.clone());
  }

  /// These bits followed by more: one byte of value 0 or 1 for each, from the buffer's position
  /// on.
  public Bits followedBy(ByteBuffer unpacked, int moreTokens) {
    int before = tokens * perToken;
    int more = moreTokens * perToken;
    byte[] longer = Arrays.copyOf(packed, bytes(before + more));
    for (int bit = before; bit < before + more; bit++) {
      longer[bit >> 3] |= (byte) (unpacked.get() << (7 - (bit & 7)));
    }
    return new Bits(tokens + moreTokens, perToken, longer);
  }

  /// The bits of the first tokens.
  public Bits prefix(int firstTokens) {
    int count = firstTokens * perToken;
    byte[] shorter = Arrays.copyOf(packed, bytes(count));
    if ((count & 7) != 0) {
      shorter[shorter.length - 1] &= (byte) (0xFF << (8 - (count & 7)));
    }
    return new Bits(firstTokens, perToken, shorter);
  }

  /// Puts one byte of value 0 or 1 for each bit at the buffer's position.
  public void unpack(ByteBuffer out) {
    for (int bit = 0; bit < tokens * perToken; bit++) {
      out.put((byte) (packed[bit >> 3] >> (7 - (bit & 7)) & 1));
    }
  }

  public int tokens() {
    return tokens;
  }

  public int perToken() {
    return perToken;
  }

  public byte[] packed() {
    return packed.clone();
  }

  /// SHA-256 of the packed bits and their shape, in hexadecimal digits.
  public String digest() {
    return Digest.hex(Digest.ints(tokens, perToken), packed);
  }

  private static int bytes(int bits) {
    return (bits + 7) / 8;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Bits bits
        && tokens == bits.tokens
        && perToken == bits.perToken
        && Arrays.equals(packed, bits.packed);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(packed);
  }
}
