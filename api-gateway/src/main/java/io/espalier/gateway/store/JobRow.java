package io.espalier.gateway.store;

import io.espalier.contracts.JobRequest;
import io.espalier.contracts.JobSpec;
import io.espalier.contracts.ResultDocument;
import io.espalier.flow.Records;
import io.espalier.flow.UnreadableRecordException;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A row of `jobs`, to be read. [JobStore] writes with statements that say what they change.
@Entity
@Table(name = "jobs")
public class JobRow {

  @Id private UUID id;

  private String tenant;
  private int priority;
  private JobStatus status;
  private String request;
  private String spec;
  private long size;

  @Column(name = "idempotency_key")
  private @Nullable String idempotencyKey;

  @Column(name = "body_digest")
  private String bodyDigest;

  @Column(name = "created_at")
  private Instant createdAt;

  @Column(name = "admitted_at")
  private @Nullable Instant admittedAt;

  @Column(name = "ended_at")
  private @Nullable Instant endedAt;

  @Column(name = "deadline_at")
  private @Nullable Instant deadlineAt;

  @Column(name = "ends_by")
  private @Nullable Instant endsBy;

  @Column(name = "cancel_requested")
  private boolean cancelRequested;

  private @Nullable String result;
  private String reason;

  @SuppressWarnings("NullAway.Init") // Hibernate fills it in
  protected JobRow() {}

  Job job() {
    return new Job(
        id,
        tenant,
        priority,
        status,
        read(request, JobRequest.class),
        read(spec, JobSpec.class),
        size,
        idempotencyKey,
        bodyDigest,
        createdAt,
        admittedAt,
        endedAt,
        deadlineAt,
        endsBy,
        cancelRequested,
        result == null ? null : read(result, ResultDocument.class),
        reason);
  }

  /// The job, if this version can read what is stored of it.
  StoredJob stored() {
    try {
      return new StoredJob.Parsed(job());
    } catch (UnreadableRecordException e) {
      return new StoredJob.Unreadable(id, String.valueOf(e.getMessage()));
    }
  }

  private static <T> T read(String json, Class<T> type) {
    return Records.read(json.getBytes(StandardCharsets.UTF_8), type);
  }
}
