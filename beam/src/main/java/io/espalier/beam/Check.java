package io.espalier.beam;

/// Refuses a search that makes no sense, in words that say what to change.
final class Check {

  private Check() {}

  @SuppressWarnings("AnnotateFormatMethod") // the annotation is no part of the JDK
  static void that(boolean holds, String message, Object... values) {
    if (!holds) {
      throw new InvalidSearchException(String.format(message, values));
    }
  }
}
