package io.espalier.gateway.store;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32;

/// A place in the list of jobs: right below one of them, whether that still exists or not. Its
/// text says nothing to others, and bears a checksum so that a text of theirs is known as such.
public record Cursor(Instant createdAt, UUID id) {

  private static final byte VERSION = 1;
  private static final int CHECKED = 1 + 3 * Long.BYTES;

  public static Cursor below(Job job) {
    return new Cursor(job.createdAt(), job.id());
  }

  /// Reads what [#toString()] wrote; empty where the text is no cursor.
  public static Optional<Cursor> parse(String text) {
    byte[] bytes;
    try {
      bytes = Base64.getUrlDecoder().decode(text);
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
    if (bytes.length != CHECKED + Integer.BYTES) {
      return Optional.empty();
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    byte version = buffer.get();
    Instant createdAt = Instant.EPOCH.plus(buffer.getLong(), ChronoUnit.MICROS);
    UUID id = new UUID(buffer.getLong(), buffer.getLong());
    return version == VERSION && buffer.getInt() == checksum(bytes)
        ? Optional.of(new Cursor(createdAt, id))
        : Optional.empty();
  }

  @Override
  public String toString() {
    ByteBuffer buffer = ByteBuffer.allocate(CHECKED + Integer.BYTES);
    buffer.put(VERSION);
    buffer.putLong(ChronoUnit.MICROS.between(Instant.EPOCH, createdAt));
    buffer.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
    buffer.putInt(checksum(buffer.array()));
    return Base64.getUrlEncoder().withoutPadding().encodeToString(buffer.array());
  }

  private static int checksum(byte[] bytes) {
    CRC32 checksum = new CRC32();
    checksum.update(bytes, 0, CHECKED);
    return (int) checksum.getValue();
  }
}
