package io.espalier.artifacts;

import org.jspecify.annotations.Nullable;

/// An artifact that could not be kept or had. The message says what, where and what to do.
public abstract sealed class ArtifactException extends RuntimeException {

  private ArtifactException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /// Nothing lies under the key.
  public static final class NotFound extends ArtifactException {
    NotFound(String key, String store) {
      super("there is no artifact '%s' in %s".formatted(key, store), null);
    }
  }

  /// The store understood and said no; asking again would not help.
  public static final class Refused extends ArtifactException {
    Refused(String what, String store, String reason, Throwable cause) {
      super(
          "%s refused to %s (%s); check its keys and the bucket's policy"
              .formatted(store, what, reason),
          cause);
    }
  }

  /// The store could not be reached, or could not answer, for as long as it was tried.
  public static final class Unreachable extends ArtifactException {
    Unreachable(String what, String store, Throwable cause) {
      super(
          "%s did not %s (%s); it was tried until patience ran out, check that it runs"
              .formatted(store, what, cause),
          cause);
    }
  }
}
