package io.espalier.beam;

/// A search was asked for that cannot be run. The message says what, where and what to do.
public final class InvalidSearchException extends RuntimeException {

  public InvalidSearchException(String message) {
    super(message);
  }
}
