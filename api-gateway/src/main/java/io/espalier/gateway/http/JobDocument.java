package io.espalier.gateway.http;

import io.espalier.beam.Cost;
import io.espalier.beam.Plan;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.JobRequest;
import io.espalier.contracts.JobSpec;
import io.espalier.contracts.ResultDocument;
import io.espalier.flow.SearchSpecs;
import io.espalier.gateway.store.Job;
import io.espalier.gateway.store.JobStatus;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A job, as clients see it.
///
/// @param reason why there is no better ending; else empty
/// @param admittedAt when its search was let run; absent before
/// @param endedAt absent before
/// @param deadlineAt when it ends with what there is; absent where it may take its time
/// @param cancelRequested whether it was asked to stop while it ran
/// @param request as it was asked for
/// @param spec with every default filled in; the same spec gives the same image
/// @param planned what it costs if nothing ends it early
/// @param result absent before its end
public record JobDocument(
    UUID id,
    JobStatus status,
    String reason,
    int priority,
    Instant createdAt,
    @Nullable Instant admittedAt,
    @Nullable Instant endedAt,
    @Nullable Instant deadlineAt,
    boolean cancelRequested,
    JobRequest request,
    JobSpec spec,
    JobEvent.Planned planned,
    @Nullable ResultDocument result,
    Links links) {

  /// Where there is more.
  ///
  /// @param image absent where there is none, or none yet
  /// @param tree as image
  public record Links(String self, String events, @Nullable String image, @Nullable String tree) {}

  static JobDocument of(Job job) {
    Cost cost = Plan.whole(SearchSpecs.of(job.spec()));
    return new JobDocument(
        job.id(),
        job.status(),
        job.reason(),
        job.priority(),
        job.createdAt(),
        job.admittedAt(),
        job.endedAt(),
        job.deadlineAt(),
        job.cancelRequested(),
        job.request(),
        job.spec(),
        new JobEvent.Planned(cost.nfe(), cost.tokenForwards(), cost.images()),
        job.result(),
        links(job));
  }

  private static Links links(Job job) {
    String self = "/v1/jobs/" + job.id();
    ResultDocument result = job.result();
    boolean searched = result != null && job.admittedAt() != null;
    boolean answered = result != null && result.answer() != null;
    return new Links(
        self,
        self + "/events",
        answered ? self + "/image" : null,
        searched ? self + "/tree" : null);
  }
}
