package io.espalier.flow.slice;

/// A slice's object, or a candidate in it, is not what its name and its records say. Another call
/// changes nothing. The message names the object's key.
public final class DamagedSliceException extends RuntimeException {

  private static final long serialVersionUID = 1;

  DamagedSliceException(String key, String reason) {
    super("%s is damaged: %s".formatted(key, reason));
  }
}
