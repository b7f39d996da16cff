package io.espalier.gateway.store;

import jakarta.inject.Singleton;
import jakarta.persistence.Tuple;
import jakarta.transaction.Transactional;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import org.hibernate.Session;

/// What is to be removed from the store, in the database. All gateways share it. Blocking. Every
/// call runs in the caller's transaction where there is one, else in its own.
@Singleton
@Transactional
public class SweepStore {

  /// A job whose candidates are to be removed.
  ///
  /// @param results whether its results go too
  /// @param claimedUntil tells this claim from a later one
  public record Due(UUID job, boolean results, Instant claimedUntil) {}

  private static final String AGAIN =
      """
      on conflict (job_id) do update set results = sweeps.results or excluded.results,
          due_at = excluded.due_at, attempts = 0,
          again_at = greatest(sweeps.again_at, excluded.again_at)
      """;

  private final Session session;

  SweepStore(Session session) {
    this.session = session;
  }

  /// Has the candidates of some ended jobs swept that were not before.
  ///
  /// @param endedBefore only of jobs that ended before this
  /// @param late how long after a job's end something of it may still be stored
  /// @return of how many
  public int handOverCandidates(Instant endedBefore, Duration late, int limit) {
    return session
        .createNativeMutationQuery(
            """
            with ended as materialized (
              select id, ended_at from jobs where ended_at < :before and swept_at is null
              order by ended_at limit :limit for update skip locked),
            handed as (
              update jobs set swept_at = clock_timestamp() from ended where jobs.id = ended.id)
            """
                + insertOf("ended", false))
        .setParameter("before", endedBefore)
        .setParameter("late", late.toMillis())
        .setParameter("limit", limit)
        .executeUpdate();
  }

  /// Deletes some ended jobs with their events, and has all that they left swept.
  ///
  /// @param endedBefore only jobs that ended before this
  /// @param late how long after a job's end something of it may still be stored
  /// @return how many
  public int deleteJobs(Instant endedBefore, Duration late, int limit) {
    return session
        .createNativeMutationQuery(
            """
            with old as materialized (
              select id, ended_at from jobs where ended_at < :before
              order by ended_at limit :limit for update skip locked),
            gone as (delete from jobs using old where jobs.id = old.id)
            """
                + insertOf("old", true))
        .setParameter("before", endedBefore)
        .setParameter("late", late.toMillis())
        .setParameter("limit", limit)
        .executeUpdate();
  }

  private static String insertOf(String jobs, boolean results) {
    return """
        insert into sweeps (job_id, results, due_at, again_at)
        select id, %s, clock_timestamp(), case
            when ended_at + :late * interval '1 millisecond' > clock_timestamp()
            then ended_at + :late * interval '1 millisecond' end
        from %s
        """
            .formatted(results, jobs)
        + AGAIN;
  }

  /// Has all that a job left swept once, and once more for what is stored late.
  public void add(UUID job, boolean results, Instant dueAt, Instant againAt) {
    session
        .createNativeMutationQuery(
            "insert into sweeps (job_id, results, due_at, again_at)"
                + " values (:job, :results, :due, :again) "
                + AGAIN)
        .setParameter("job", job)
        .setParameter("results", results)
        .setParameter("due", dueAt)
        .setParameter("again", againAt)
        .executeUpdate();
  }

  /// Takes back what [#add] planned.
  ///
  /// @return false where it has been done, or has begun
  public boolean remove(UUID job, Instant dueAt) {
    return session
            .createNativeMutationQuery(
                "delete from sweeps where job_id = :job and due_at = :due and attempts = 0")
            .setParameter("job", job)
            .setParameter("due", dueAt)
            .executeUpdate()
        == 1;
  }

  /// Claims what is due, the longest first, but nothing that another has claimed.
  ///
  /// @param lease how long it is the caller's; then anybody may claim it
  public List<Due> claim(int limit, Duration lease) {
    return session
        .createNativeQuery(
            """
            with due as materialized (
              select job_id from sweeps where due_at <= clock_timestamp()
              order by due_at limit :limit for update skip locked)
            update sweeps set attempts = attempts + 1,
                due_at = clock_timestamp() + :lease * interval '1 millisecond'
            from due where sweeps.job_id = due.job_id
            returning sweeps.job_id as job, results, due_at
            """,
            Tuple.class)
        .setParameter("limit", limit)
        .setParameter("lease", lease.toMillis())
        .getResultList()
        .stream()
        .map(
            row ->
                new Due(
                    row.get("job", UUID.class),
                    row.get("results", Boolean.class),
                    row.get("due_at", Instant.class)))
        .toList();
  }

  /// Notes that claimed jobs are swept.
  public void done(Collection<Due> swept) {
    change(
        """
        with done as (
          select job, due from json_to_recordset(cast(:rows as json))
              as done(job uuid, due timestamptz)),
        again as (
          update sweeps set due_at = again_at, again_at = null, attempts = 0 from done
          where job_id = done.job and due_at = done.due and again_at is not null)
        delete from sweeps using done
        where job_id = done.job and due_at = done.due and again_at is null
        """,
        swept);
  }

  /// Puts claimed jobs off, each time for twice as long, up to six hours.
  public void putOff(Collection<Due> failed) {
    change(
        """
        update sweeps set due_at = clock_timestamp()
            + least(interval '1 minute' * power(2, least(attempts, 10)), interval '6 hours')
        from json_to_recordset(cast(:rows as json)) as failed(job uuid, due timestamptz)
        where job_id = failed.job and due_at = failed.due
        """,
        failed);
  }

  /// Gives claimed jobs back, so that anybody may claim them soon.
  public void release(Collection<Due> untouched) {
    change(
        """
        update sweeps set due_at = clock_timestamp(), attempts = attempts - 1
        from json_to_recordset(cast(:rows as json)) as given(job uuid, due timestamptz)
        where job_id = given.job and due_at = given.due
        """,
        untouched);
  }

  private void change(String sql, Collection<Due> rows) {
    if (!rows.isEmpty()) {
      session
          .createNativeMutationQuery(sql)
          .setParameter(
              "rows",
              JsonRows.of(
                  rows,
                  (row, due) ->
                      row.put("job", due.job().toString())
                          .put("due", due.claimedUntil().toString())))
          .executeUpdate();
    }
  }
}
