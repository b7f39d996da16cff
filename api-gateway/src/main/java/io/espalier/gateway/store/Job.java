package io.espalier.gateway.store;

import io.espalier.contracts.JobRequest;
import io.espalier.contracts.JobSpec;
import io.espalier.contracts.ResultDocument;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A job as it stands in the database. Times are whole microseconds, as Postgres keeps them.
///
/// @param request as it was asked for
/// @param spec with every default filled in
/// @param size how much it computes by plan, see [io.espalier.beam.Plan#size]
/// @param idempotencyKey the client's own name for its request; unique in the tenant
/// @param bodyDigest the SHA-256 of the request, by which a repeated one is known
/// @param admittedAt when the search was let run; absent before, and where it never was
/// @param deadlineAt its own deadline
/// @param endsBy when a running search must have ended, its own deadline or that of the
///     deployment's longest search; absent before it is let run
/// @param cancelRequested whether a running search was asked to stop
/// @param result absent before the end, and where the job was rejected
/// @param reason why there is no better ending; else empty
public record Job(
    UUID id,
    String tenant,
    int priority,
    JobStatus status,
    JobRequest request,
    JobSpec spec,
    long size,
    @Nullable String idempotencyKey,
    String bodyDigest,
    Instant createdAt,
    @Nullable Instant admittedAt,
    @Nullable Instant endedAt,
    @Nullable Instant deadlineAt,
    @Nullable Instant endsBy,
    boolean cancelRequested,
    @Nullable ResultDocument result,
    String reason) {}
