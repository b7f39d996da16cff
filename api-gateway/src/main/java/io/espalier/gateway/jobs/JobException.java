package io.espalier.gateway.jobs;

import io.espalier.gateway.store.Job;
import java.util.Objects;

/// Something that cannot be done with a job. The message says what, where and what to do.
public abstract sealed class JobException extends RuntimeException {

  private JobException(String message) {
    super(message);
  }

  @Override
  public String getMessage() {
    return Objects.requireNonNull(super.getMessage());
  }

  /// There is no such job.
  public static final class Unknown extends JobException {
    public Unknown(String id) {
      super("there is no job '%s'; it may have been deleted, GET /v1/jobs lists all".formatted(id));
    }
  }

  /// The job is there, what was asked of it is not.
  public static final class NothingThere extends JobException {
    NothingThere(String message) {
      super(message);
    }
  }

  /// Only an ended job can be deleted.
  public static final class NotEnded extends JobException {
    NotEnded(Job job) {
      super(
          "job %s is %s, and only an ended job can be deleted; POST /v1/jobs/%s/cancel ends it"
              .formatted(job.id(), job.status().word(), job.id()));
    }
  }

  /// An idempotency key stands for another request already.
  public static final class KeyReused extends JobException {
    KeyReused(Job job) {
      super(
          "the idempotency key '%s' belongs to job %s, which was asked for with another body; use"
                  .formatted(job.idempotencyKey(), job.id())
              + " a new key for a new request");
    }
  }
}
