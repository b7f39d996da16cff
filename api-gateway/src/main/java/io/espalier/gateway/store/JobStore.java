package io.espalier.gateway.store;

import io.espalier.contracts.ResultDocument;
import io.espalier.flow.Records;
import io.quarkus.hibernate.orm.panache.PanacheRepositoryBase;
import jakarta.inject.Singleton;
import jakarta.persistence.LockModeType;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.hibernate.query.MutationQuery;
import org.jspecify.annotations.Nullable;

/// Jobs in the database. Blocking. Every call runs in the caller's transaction where there is
/// one, else in its own.
@Singleton
@Transactional
public class JobStore implements PanacheRepositoryBase<JobRow, UUID> {

  /// Adds a queued job.
  ///
  /// @return false where its tenant has a job with this idempotency key already
  public boolean insert(Job job) {
    Instant deadline = job.deadlineAt();
    return statement(
                """
                insert into jobs (id, tenant, priority, request, spec, idempotency_key, body_digest,
                    created_at, deadline_at)
                values (:id, :tenant, :priority, cast(:request as json), cast(:spec as json),
                    nullif(:key, ''), :digest, :created,
                    cast(nullif(:deadline, '') as timestamptz))
                on conflict (tenant, idempotency_key) do nothing
                """)
            .setParameter("id", job.id())
            .setParameter("tenant", job.tenant())
            .setParameter("priority", job.priority())
            .setParameter("request", json(job.request()))
            .setParameter("spec", json(job.spec()))
            .setParameter("key", job.idempotencyKey() == null ? "" : job.idempotencyKey())
            .setParameter("digest", job.bodyDigest())
            .setParameter("created", job.createdAt())
            .setParameter("deadline", deadline == null ? "" : deadline.toString())
            .executeUpdate()
        == 1;
  }

  public Optional<Job> job(UUID id) {
    return findByIdOptional(id).map(JobRow::job);
  }

  /// The job, which nobody else changes until the transaction has ended.
  public Optional<Job> locked(UUID id) {
    return findByIdOptional(id, LockModeType.PESSIMISTIC_WRITE).map(JobRow::job);
  }

  public Optional<Job> byKey(String tenant, String idempotencyKey) {
    return find("tenant = ?1 and idempotencyKey = ?2", tenant, idempotencyKey)
        .firstResultOptional()
        .map(JobRow::job);
  }

  /// Jobs, the newest first.
  ///
  /// @param status all where absent
  /// @param before goes on below this one
  public List<Job> newest(
      String tenant, @Nullable JobStatus status, @Nullable Cursor before, int limit) {
    StringBuilder query = new StringBuilder("tenant = :tenant");
    Map<String, Object> parameters = new HashMap<>(Map.of("tenant", tenant));
    if (status != null) {
      query.append(" and status = :status");
      parameters.put("status", status);
    }
    if (before != null) {
      query.append(" and (createdAt < :at or createdAt = :at and id < :id)");
      parameters.put("at", before.createdAt());
      parameters.put("id", before.id());
    }
    query.append(" order by createdAt desc, id desc");
    return find(query.toString(), parameters).page(0, limit).list().stream()
        .map(JobRow::job)
        .toList();
  }

  /// The jobs that are next to run, locked; those that another transaction has locked are passed
  /// over.
  public List<Job> nextQueued(int limit) {
    return getSession()
        .createNativeQuery(
            """
            select * from jobs where status = 'queued'
            order by priority desc, created_at, id limit :limit for update skip locked
            """,
            JobRow.class)
        .setParameter("limit", limit)
        .getResultList()
        .stream()
        .map(JobRow::job)
        .toList();
  }

  /// The queued jobs whose deadline has passed, locked, but those that are locked already.
  public List<Job> overdue(Instant now) {
    return getSession()
        .createNativeQuery(
            """
            select * from jobs where status = 'queued' and deadline_at <= :now
            order by created_at for update skip locked
            """,
            JobRow.class)
        .setParameter("now", now)
        .getResultList()
        .stream()
        .map(JobRow::job)
        .toList();
  }

  public long count(JobStatus status) {
    return count("status", status);
  }

  public void admit(UUID id, Instant at) {
    statement("update jobs set status = 'running', admitted_at = :at where id = :id")
        .setParameter("at", at)
        .setParameter("id", id)
        .executeUpdate();
  }

  public void requestCancel(UUID id) {
    statement("update jobs set cancel_requested = true where id = :id")
        .setParameter("id", id)
        .executeUpdate();
  }

  /// Ends a job; the first ending is the one that counts.
  ///
  /// @return whether this was the first
  public boolean end(
      UUID id, JobStatus status, Instant at, String reason, @Nullable ResultDocument result) {
    return statement(
                """
                update jobs set status = :status, ended_at = :at, reason = :reason,
                    result = cast(nullif(:result, '') as json)
                where id = :id and ended_at is null
                """)
            .setParameter("status", status.word())
            .setParameter("at", at)
            .setParameter("reason", reason)
            .setParameter("result", result == null ? "" : json(result))
            .setParameter("id", id)
            .executeUpdate()
        == 1;
  }

  /// Jobs that have ended before a time and whose candidates are still kept.
  public List<UUID> unswept(Instant endedBefore, int limit) {
    return getSession()
        .createNativeQuery(
            """
            select id from jobs where ended_at < :before and swept_at is null
            order by ended_at limit :limit
            """,
            UUID.class)
        .setParameter("before", endedBefore)
        .setParameter("limit", limit)
        .getResultList();
  }

  public void swept(UUID id, Instant at) {
    statement("update jobs set swept_at = :at where id = :id")
        .setParameter("at", at)
        .setParameter("id", id)
        .executeUpdate();
  }

  /// Removes a job with its events.
  public void remove(UUID id) {
    statement("delete from jobs where id = :id").setParameter("id", id).executeUpdate();
  }

  private MutationQuery statement(String sql) {
    return getSession().createNativeMutationQuery(sql);
  }

  private static String json(Object document) {
    return new String(Records.write(document), StandardCharsets.UTF_8);
  }
}
