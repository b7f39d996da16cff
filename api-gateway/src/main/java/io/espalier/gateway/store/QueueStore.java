package io.espalier.gateway.store;

import jakarta.inject.Singleton;
import jakarta.persistence.Tuple;
import jakarta.transaction.Transactional;
import jakarta.transaction.Transactional.TxType;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.hibernate.Session;
import org.hibernate.query.NativeQuery;

/// The queue in the database. Blocking, within the caller's transaction. Queued jobs that it finds
/// are locked; those whose deadline has passed, and those that another transaction has locked, are
/// passed over.
@Singleton
@Transactional(TxType.MANDATORY)
public class QueueStore implements JobQueue {

  /// Of two rows the one behind has the larger place.
  private static final String BEHIND = "(-priority, created_at, id) > (-:priority, :created, :id)";

  private static final String LOAD =
      "select count(*) as searches, coalesce(sum(least(size, :most)), 0) as size from jobs"
          + " where status = 'running'";

  private static final String WAITING =
      "select id, priority, created_at, size from jobs where status = 'queued'"
          + " and (deadline_at is null or deadline_at > now())";

  private static final String IN_ORDER =
      " order by priority desc, created_at, id limit :limit for update skip locked";

  private final Session session;

  QueueStore(Session session) {
    this.session = session;
  }

  @Override
  public Load running(long most) {
    return load(query(LOAD, Tuple.class).setParameter("most", most));
  }

  @Override
  public Load runningPast(Queued job, long most) {
    String sql = LOAD + " and admitted_at > :created and " + BEHIND;
    return load(behind(job, query(sql, Tuple.class)).setParameter("most", most));
  }

  @Override
  public List<Queued> first(int limit) {
    return queued(query(WAITING + IN_ORDER, Tuple.class), limit);
  }

  @Override
  public List<Queued> firstBehind(Queued job, long size, int limit) {
    String sql = WAITING + " and size <= :size and " + BEHIND + IN_ORDER;
    return queued(behind(job, query(sql, Tuple.class)).setParameter("size", size), limit);
  }

  /// Lets jobs run.
  ///
  /// @param longest how long a search may take that has no deadline of its own
  /// @return them as they are now, in the order of the queue
  public List<StoredJob> admit(List<UUID> ids, Instant now, Duration longest) {
    // The clock of the gateway that queued a job may be ahead.
    return query(
            """
            update jobs set status = 'running', admitted_at = greatest(created_at, :now),
                ends_by = coalesce(deadline_at,
                    greatest(created_at, :now) + :longest * interval '1 millisecond')
            where id in (:ids) returning *
            """,
            JobRow.class)
        .setParameter("now", now)
        .setParameter("longest", longest.toMillis())
        .setParameterList("ids", ids)
        .getResultList()
        .stream()
        .map(JobRow::stored)
        .sorted(Comparator.comparingInt(job -> ids.indexOf(job.id())))
        .toList();
  }

  private <T> NativeQuery<T> query(String sql, Class<T> rows) {
    return session.createNativeQuery(sql, rows);
  }

  private static <T> NativeQuery<T> behind(Queued job, NativeQuery<T> query) {
    return query
        .setParameter("priority", job.priority())
        .setParameter("created", job.createdAt())
        .setParameter("id", job.id());
  }

  private static Load load(NativeQuery<Tuple> query) {
    Tuple row = query.getSingleResult();
    return new Load(row.get("searches", Long.class), row.get("size", Number.class).longValue());
  }

  private static List<Queued> queued(NativeQuery<Tuple> query, int limit) {
    return query.setParameter("limit", limit).getResultList().stream()
        .map(
            row ->
                new Queued(
                    row.get("id", UUID.class),
                    row.get("priority", Integer.class),
                    row.get("created_at", Instant.class),
                    row.get("size", Long.class)))
        .toList();
  }
}
