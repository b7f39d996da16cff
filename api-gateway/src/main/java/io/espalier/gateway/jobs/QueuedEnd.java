package io.espalier.gateway.jobs;

import io.espalier.contracts.BundleName;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.JobSpec;
import io.espalier.contracts.ResultDocument;
import io.espalier.gateway.store.Job;
import io.espalier.gateway.store.JobStatus;
import java.time.Instant;
import java.util.List;

/// The end of a job that was never submitted: the only event of its life, told by the gateway
/// itself.
final class QueuedEnd {

  private QueuedEnd() {}

  static JobEvent of(Job job, JobStatus status, String reason, Instant at) {
    JobSpec spec = job.spec();
    long wallMillis = at.toEpochMilli() - job.createdAt().toEpochMilli();
    return new JobEvent.Ended(
        job.id().toString(),
        0,
        at.toEpochMilli(),
        new ResultDocument(
            job.id().toString(),
            status.word(),
            reason,
            spec.prompt(),
            spec.settings(),
            new BundleName(
                spec.generator().name(), spec.generator().version(), spec.generator().digest()),
            null,
            null,
            new ResultDocument.Ledger(0, 0, 0, 0, 0, 0, wallMillis),
            List.of()));
  }
}
