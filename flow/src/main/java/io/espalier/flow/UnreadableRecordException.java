package io.espalier.flow;

import java.util.Objects;

/// Bytes that are no record of the expected type.
public final class UnreadableRecordException extends RuntimeException {

  UnreadableRecordException(String message) {
    super(message);
  }

  public UnreadableRecordException(String message, Throwable cause) {
    super(message, cause);
  }

  @Override
  public String getMessage() {
    return Objects.requireNonNull(super.getMessage());
  }
}
