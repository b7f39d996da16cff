package io.espalier.standalone;

/// A command cannot do what it was asked to. The message says what, where and what to do.
final class CommandException extends RuntimeException {

  CommandException(String message) {
    super(message);
  }

  CommandException(String message, Throwable cause) {
    super(message, cause);
  }
}
