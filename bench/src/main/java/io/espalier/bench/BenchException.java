package io.espalier.bench;

/// An experiment or a benchmark cannot go on; the message says why and what to do.
public final class BenchException extends RuntimeException {

  private static final long serialVersionUID = 1;

  public BenchException(String message) {
    super(message);
  }

  public BenchException(String message, Throwable cause) {
    super(message, cause);
  }
}
