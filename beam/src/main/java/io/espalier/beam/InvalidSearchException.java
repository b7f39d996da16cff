package io.espalier.beam;

import java.util.Objects;

/// A search was asked for that cannot be run. The message says what, where and what to do.
public final class InvalidSearchException extends RuntimeException {

  public InvalidSearchException(String message) {
    super(message);
  }

  @Override
  public String getMessage() {
    return Objects.requireNonNull(super.getMessage());
  }
}
