package io.espalier.gateway.jobs;

import io.espalier.contracts.JobEvent;
import io.espalier.gateway.store.StoredJob.Unreadable;
import java.time.Instant;

/// The end of a queued job that cannot be read, so that it is neither admitted nor described.
final class UnreadableEnd {

  private UnreadableEnd() {}

  static JobEvent of(Unreadable job, Instant at) {
    return new JobEvent.Rejected(
        job.id().toString(),
        0,
        at.toEpochMilli(),
        "what is stored of the job cannot be read (%s); submit it again".formatted(job.problem()));
  }
}
