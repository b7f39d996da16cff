package io.espalier.models;

/// A model that cannot be used. The message says what, where and what to do.
public abstract sealed class ModelException extends RuntimeException {

  private ModelException(String message) {
    super(message);
  }

  private ModelException(String message, Throwable cause) {
    super(message, cause);
  }

  /// A bundle that is incomplete, damaged or of another shape than its manifest says.
  public static final class BadBundle extends ModelException {
    public BadBundle(String message) {
      super(message);
    }

    public BadBundle(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /// A device that models cannot run on.
  public static final class BadHardware extends ModelException {
    public BadHardware(String message) {
      super(message);
    }

    public BadHardware(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /// A prompt that a model cannot take.
  public static final class BadPrompt extends ModelException {
    public BadPrompt(String message) {
      super(message);
    }
  }

  /// A model call that failed.
  public static final class CallFailed extends ModelException {
    public CallFailed(String message) {
      super(message);
    }

    public CallFailed(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
