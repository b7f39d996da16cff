package io.espalier.gateway.http;

import io.espalier.gateway.jobs.Jobs;
import io.espalier.gateway.store.Job;

/// What came of a wish to cancel.
///
/// @param changed whether the job had not ended yet
public record CancelDocument(boolean changed, String message, JobDocument job) {

  static CancelDocument of(Jobs.Cancellation cancellation) {
    Job job = cancellation.job();
    return new CancelDocument(
        cancellation.changed(), message(cancellation.changed(), job), JobDocument.of(job));
  }

  private static String message(boolean changed, Job job) {
    if (!changed) {
      return "the job had already ended as %s; nothing was changed".formatted(job.status().word());
    }
    return job.status().ended()
        ? "the job has ended as %s".formatted(job.status().word())
        : "the search was asked to stop; it will end with the best image so far";
  }
}
