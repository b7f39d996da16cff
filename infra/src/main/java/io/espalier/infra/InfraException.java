package io.espalier.infra;

/// A server that cannot be had. The message says what, where and what to do.
public abstract sealed class InfraException extends RuntimeException {

  private InfraException(String message) {
    super(message);
  }

  private InfraException(String message, Throwable cause) {
    super(message, cause);
  }

  /// A folder that cannot be made, read or written.
  public static final class DataFolderNotWritable extends InfraException {
    public DataFolderNotWritable(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /// A folder that another process works in.
  public static final class DataFolderInUse extends InfraException {
    public DataFolderInUse(String message) {
      super(message);
    }
  }

  /// A port that another process listens on, or that this one may not open.
  public static final class PortInUse extends InfraException {
    public PortInUse(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /// A server that did not start.
  public static final class StartFailed extends InfraException {
    public StartFailed(String message) {
      super(message);
    }

    public StartFailed(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
