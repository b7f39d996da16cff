package io.espalier.artifacts;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// The rule for keys, checked before any server is asked. Servers differ in what they do with
/// other keys: some say so in their own words, some answer with an internal error, and some keep
/// the object under another key.
///
/// Sources: S3's limit is 1,024 bytes. Servers that keep objects as files have the file system's
/// limit of 255 bytes for a name; the embedded one adds 37 bytes while it writes. The MinIO client
/// does not take `.` and `..`, and control characters cannot be written in S3's XML.
final class Keys {

  private static final int LONGEST_KEY = 1_024;
  private static final int LONGEST_NAME = 200;
  private static final int LONGEST_SHOWN = 100;

  private Keys() {}

  static void check(String key) {
    if (length(key, key) > LONGEST_KEY) {
      throw invalid(key, "it is longer than %,d bytes".formatted(LONGEST_KEY));
    }
    for (String name : key.split("/", -1)) {
      checkName(key, name);
    }
  }

  static void checkPrefix(String prefix) {
    if (!prefix.endsWith("/")) {
      throw invalid(prefix, "a prefix must end with a slash");
    }
    check(prefix.substring(0, prefix.length() - 1));
  }

  private static void checkName(String key, String name) {
    if (name.isEmpty()) {
      throw invalid(key, "it is empty, or a slash is first, last or doubled");
    }
    if (name.equals(".") || name.equals("..")) {
      throw invalid(key, "'.' and '..' are no names");
    }
    if (length(key, name) > LONGEST_NAME) {
      throw invalid(key, "a name in it is longer than %d bytes".formatted(LONGEST_NAME));
    }
    if (name.codePoints().anyMatch(Keys::cannotBeWritten)) {
      throw invalid(key, "it has a control character");
    }
    if (name.startsWith(" ") || name.endsWith(" ")) {
      throw invalid(key, "a name in it begins or ends with a space");
    }
  }

  private static boolean cannotBeWritten(int character) {
    return Character.isISOControl(character) || character == 0xFFFE || character == 0xFFFF;
  }

  private static int length(String key, String text) {
    try {
      ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
      return bytes.remaining();
    } catch (CharacterCodingException e) {
      throw new ArtifactException.InvalidKey(key, "it is not valid Unicode", e);
    }
  }

  private static ArtifactException.InvalidKey invalid(String key, String reason) {
    return new ArtifactException.InvalidKey(key, reason, null);
  }

  /// A key as a message may contain it, whatever is in it.
  static String shown(String key) {
    StringBuilder shown = new StringBuilder();
    key.codePoints()
        .limit(LONGEST_SHOWN)
        .forEach(
            character -> {
              boolean plain =
                  !cannotBeWritten(character)
                      && Character.getType(character) != Character.SURROGATE;
              if (plain) {
                shown.appendCodePoint(character);
              } else {
                shown.append("\\u%04x".formatted(character));
              }
            });
    return key.codePointCount(0, key.length()) > LONGEST_SHOWN ? shown + "…" : shown.toString();
  }
}
