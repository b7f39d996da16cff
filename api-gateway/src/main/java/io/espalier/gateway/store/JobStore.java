package io.espalier.gateway.store;

import io.espalier.flow.Records;
import io.espalier.gateway.store.Notifications.Channel;
import io.quarkus.hibernate.orm.panache.PanacheRepositoryBase;
import jakarta.inject.Singleton;
import jakarta.persistence.LockModeType;
import jakarta.persistence.Tuple;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.hibernate.query.MutationQuery;
import org.hibernate.query.NativeQuery;
import org.jspecify.annotations.Nullable;

/// Jobs in the database. Blocking. Every call runs in the caller's transaction where there is
/// one, else in its own.
@Singleton
@Transactional
public class JobStore implements PanacheRepositoryBase<JobRow, UUID> {

  /// Adds a queued job, and tells the queue once the transaction commits.
  ///
  /// @return false where its tenant has a job with this idempotency key already
  public boolean insert(Job job) {
    Instant deadline = job.deadlineAt();
    return !getSession()
        .createNativeQuery(
            """
            with made as (
              insert into jobs (id, tenant, priority, request, spec, size, idempotency_key,
                  body_digest, created_at, deadline_at)
              values (:id, :tenant, :priority, cast(:request as json), cast(:spec as json),
                  :size, nullif(:key, ''), :digest, :created,
                  cast(nullif(:deadline, '') as timestamptz))
              on conflict (tenant, idempotency_key) do nothing
              returning id)
            select cast(pg_notify(:channel, '') as text) from made
            """,
            String.class)
        .setParameter("channel", Channel.QUEUE.wire())
        .setParameter("id", job.id())
        .setParameter("tenant", job.tenant())
        .setParameter("priority", job.priority())
        .setParameter("request", json(job.request()))
        .setParameter("spec", json(job.spec()))
        .setParameter("size", job.size())
        .setParameter("key", job.idempotencyKey() == null ? "" : job.idempotencyKey())
        .setParameter("digest", job.bodyDigest())
        .setParameter("created", job.createdAt())
        .setParameter("deadline", deadline == null ? "" : deadline.toString())
        .getResultList()
        .isEmpty();
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
    Map<String, Object> parameters = new HashMap<>(Map.of("tenant", tenant, "limit", limit));
    if (status != null) {
      parameters.put("status", status.word());
    }
    if (before != null) {
      parameters.put("at", before.createdAt());
      parameters.put("id", before.id());
    }
    return rows(newest(status != null, before != null), parameters).stream()
        .map(JobRow::job)
        .toList();
  }

  /// A deep page costs what the first one does: the index is entered at the row that it begins
  /// below, which an `or` of the two columns would not allow.
  static String newest(boolean ofStatus, boolean below) {
    return "select * from jobs where tenant = :tenant"
        + (ofStatus ? " and status = :status" : "")
        + (below ? " and (created_at, id) < (:at, :id)" : "")
        + " order by created_at desc, id desc limit :limit";
  }

  /// Queued jobs whose deadline has passed, the longest overdue first, locked; not those that
  /// another transaction has locked.
  public List<StoredJob> overdueInQueue(Instant now, int limit) {
    return rows(
            """
            select * from jobs where status = 'queued' and deadline_at <= :now
            order by deadline_at limit :limit for update skip locked
            """,
            Map.of("now", now, "limit", limit))
        .stream()
        .map(JobRow::stored)
        .toList();
  }

  /// A running job that should have ended.
  public record Overdue(UUID job, Instant endsBy) {}

  /// Running jobs that must have ended before a time, the longest overdue first, locked; not those
  /// that another transaction has locked. Nothing of them is parsed that might not be readable.
  public List<Overdue> overdueInSearch(Instant before, int limit) {
    return getSession()
        .createNativeQuery(
            """
            select id, ends_by from jobs where status = 'running' and ends_by <= :before
            order by ends_by limit :limit for update skip locked
            """,
            Tuple.class)
        .setParameter("before", before)
        .setParameter("limit", limit)
        .getResultList()
        .stream()
        .map(row -> new Overdue(row.get("id", UUID.class), row.get("ends_by", Instant.class)))
        .toList();
  }

  private List<JobRow> rows(String sql, Map<String, Object> parameters) {
    NativeQuery<JobRow> query = getSession().createNativeQuery(sql, JobRow.class);
    parameters.forEach(query::setParameter);
    return query.getResultList();
  }

  public long count(JobStatus status) {
    return count("status", status);
  }

  public void requestCancel(UUID id) {
    statement("update jobs set cancel_requested = true where id = :id")
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
