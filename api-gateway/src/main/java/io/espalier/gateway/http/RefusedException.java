package io.espalier.gateway.http;

import java.util.Objects;

/// A request that is refused for what it is, before any job is looked at.
final class RefusedException extends RuntimeException {

  private final ProblemKind kind;

  RefusedException(ProblemKind kind, String message) {
    super(message);
    this.kind = kind;
  }

  ProblemKind kind() {
    return kind;
  }

  @Override
  public String getMessage() {
    return Objects.requireNonNull(super.getMessage());
  }
}
