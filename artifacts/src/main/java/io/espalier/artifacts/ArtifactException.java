package io.espalier.artifacts;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An artifact that could not be kept, read or removed. The message says what, where and what to
/// do.
///
/// What to do next depends on the variant: [Unreachable] and [Refused] are worth another call
/// later, [NotFound] and [InvalidKey] are final.
public abstract sealed class ArtifactException extends RuntimeException {

  private ArtifactException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /// There is no object under the key.
  public static final class NotFound extends ArtifactException {

    private final boolean bucketIsMissing;

    NotFound(String key, String store, boolean bucketIsMissing) {
      super(
          bucketIsMissing
              ? "there is no artifact '%s', because %s does not exist; check the bucket's name"
                  .formatted(key, store)
              : "there is no artifact '%s' in %s".formatted(key, store),
          null);
      this.bucketIsMissing = bucketIsMissing;
    }

    /// Whether the whole bucket is missing. Then nothing was ever kept in it, or this process has
    /// another bucket's name than the others. An operator can repair that.
    public boolean bucketIsMissing() {
      return bucketIsMissing;
    }
  }

  /// No object can have such a key, in this store or in any. Another call changes nothing.
  public static final class InvalidKey extends ArtifactException {
    InvalidKey(String key, String reason, @Nullable Throwable cause) {
      super("'%s' cannot be the key of an artifact: %s".formatted(Keys.shown(key), reason), cause);
    }
  }

  /// The server understood the request and refused it, for a reason that an operator can repair:
  /// wrong or expired keys, a missing permission, a full quota. Another call before the repair is
  /// refused too.
  public static final class Refused extends ArtifactException {

    private final String code;

    Refused(String what, String store, String code, String reason, Throwable cause) {
      super(
          "%s refused to %s (%s); check its keys, quota and policy".formatted(store, what, reason),
          cause);
      this.code = code;
    }

    /// The server's word for the reason.
    String code() {
      return code;
    }
  }

  /// The server was away, hanging, busy or in trouble for the whole patience. A change that was
  /// asked for may have been made, or may still be made.
  public static final class Unreachable extends ArtifactException {

    private final boolean answered;

    Unreachable(
        String what,
        String store,
        Duration patience,
        String reason,
        boolean answered,
        Throwable cause) {
      super(
          "%s did not %s within %s (%s); check that it runs and is not overloaded"
              .formatted(store, what, patience, reason),
          cause);
      this.answered = answered;
    }

    /// Whether the server answered at all.
    boolean answered() {
      return answered;
    }
  }

  /// The calling thread was interrupted, and still is. A change that was asked for may have been
  /// made.
  public static final class Interrupted extends ArtifactException {
    Interrupted(String what, String store, Throwable cause) {
      super("%s did not %s: the thread was interrupted".formatted(store, what), cause);
    }
  }

  /// Some keys could not be removed; all others are gone. The same call can be made again.
  public static final class Incomplete extends ArtifactException {

    private final long removed;
    private final long left;

    /// @param examples some of the keys that are left, and why
    Incomplete(String what, String store, long removed, long left, Map<String, String> examples) {
      super(
          "%s did not %s completely: %d are gone, %d are left, such as %s"
              .formatted(store, what, removed, left, examples),
          null);
      this.removed = removed;
      this.left = left;
    }

    /// How many artifacts are gone.
    public long removed() {
      return removed;
    }

    /// How many artifacts are left.
    public long left() {
      return left;
    }
  }
}
