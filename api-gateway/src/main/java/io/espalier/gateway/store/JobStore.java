package io.espalier.gateway.store;

import io.espalier.flow.Records;
import io.espalier.gateway.store.Notifications.Channel;
import io.quarkus.hibernate.orm.panache.PanacheRepositoryBase;
import jakarta.inject.Singleton;
import jakarta.persistence.LockModeType;
import jakarta.persistence.Tuple;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
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
              insert into jobs (id, tenant, priority, request, spec, idempotency_key, body_digest,
                  created_at, deadline_at)
              values (:id, :tenant, :priority, cast(:request as json), cast(:spec as json),
                  nullif(:key, ''), :digest, :created,
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
    return jobs(newest(status != null, before != null), parameters);
  }

  /// A deep page costs what the first one does: the index is entered at the row that it begins
  /// below, which an `or` of the two columns would not allow.
  static String newest(boolean ofStatus, boolean below) {
    return "select * from jobs where tenant = :tenant"
        + (ofStatus ? " and status = :status" : "")
        + (below ? " and (created_at, id) < (:at, :id)" : "")
        + " order by created_at desc, id desc limit :limit";
  }

  /// Lets queued jobs run, the highest priority first, then the oldest; not those whose deadline
  /// has passed, nor those that another transaction has locked.
  ///
  /// @param longest how long a search may take that has no deadline of its own
  /// @return those that run now, in their order
  public List<Job> admit(int limit, Instant now, Duration longest) {
    // The clock of the gateway that queued a job may be ahead.
    return jobs(
            """
            with next as materialized (
              select id from jobs
              where status = 'queued' and (deadline_at is null or deadline_at > :now)
              order by priority desc, created_at, id limit :limit for update skip locked)
            update jobs set status = 'running', admitted_at = greatest(created_at, :now),
                ends_by = coalesce(deadline_at,
                    greatest(created_at, :now) + :longest * interval '1 millisecond')
            from next where jobs.id = next.id
            returning jobs.*
            """,
            Map.of("limit", limit, "now", now, "longest", longest.toMillis()))
        .stream()
        .sorted(
            Comparator.comparingInt(Job::priority)
                .reversed()
                .thenComparing(Job::createdAt)
                .thenComparing(Job::id))
        .toList();
  }

  /// Queued jobs whose deadline has passed, the longest overdue first, locked; not those that
  /// another transaction has locked.
  public List<Job> overdueInQueue(Instant now, int limit) {
    return jobs(
        """
        select * from jobs where status = 'queued' and deadline_at <= :now
        order by deadline_at limit :limit for update skip locked
        """,
        Map.of("now", now, "limit", limit));
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

  private List<Job> jobs(String sql, Map<String, Object> parameters) {
    NativeQuery<JobRow> query = getSession().createNativeQuery(sql, JobRow.class);
    parameters.forEach(query::setParameter);
    return query.getResultList().stream().map(JobRow::job).toList();
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
