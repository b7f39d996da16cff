package io.espalier.flow;

/// Topics that pruning reads together have other partitions than the plan says.
public final class WrongPartitionsException extends RuntimeException {

  WrongPartitionsException(String message) {
    super(message);
  }
}
