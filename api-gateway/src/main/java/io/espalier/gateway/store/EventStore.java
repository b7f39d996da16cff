package io.espalier.gateway.store;

import io.espalier.contracts.JobEvent;
import jakarta.inject.Singleton;
import jakarta.persistence.Tuple;
import jakarta.transaction.Transactional;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.hibernate.Session;

/// Events in the database, by job and sequence. Blocking. Every call runs in the caller's
/// transaction where there is one, else in its own.
@Singleton
@Transactional
public class EventStore {

  private final Session session;

  EventStore(Session session) {
    this.session = session;
  }

  /// Adds events, but those that are there already and those whose job is gone.
  ///
  /// @return the jobs that have new ones, once for each
  public List<String> insert(Collection<? extends JobEvent> events) {
    return session
        .createNativeQuery(
            """
            insert into events (job_id, sequence, at, body)
            select told.job, told.sequence, told.at, told.body
            from jsonb_to_recordset(cast(:events as jsonb))
                as told(job uuid, sequence bigint, at timestamptz, body jsonb)
            join jobs on jobs.id = told.job
            on conflict do nothing
            returning cast(job_id as text)
            """,
            String.class)
        .setParameter(
            "events",
            JsonRows.of(
                events,
                (row, event) ->
                    row.put("job", event.jobId())
                        .put("sequence", event.sequence())
                        .put("at", Instant.ofEpochMilli(event.at()).toString())
                        .putRawValue("body", JsonRows.raw(event))))
        .getResultList()
        .stream()
        .distinct()
        .toList();
  }

  /// A job's events with higher numbers, in their order, and whether it has ended: both as they
  /// were at one time, so that an ended job's last event is seen with its end.
  public EventPage after(UUID job, long sequence, int limit) {
    List<Tuple> rows =
        session
            .createNativeQuery(
                """
                select jobs.ended_at is not null as over, told.* from jobs
                left join lateral (
                  select sequence, type, cast(body as text) as body,
                      cast(extract(epoch from clock_timestamp() - stored_at) * 1000 as bigint) as age
                  from events where job_id = jobs.id and sequence > :sequence
                  order by sequence limit :limit) told on true
                where jobs.id = :job order by told.sequence
                """,
                Tuple.class)
            .setParameter("job", job)
            .setParameter("sequence", sequence)
            .setParameter("limit", limit)
            .getResultList();
    return new EventPage(
        rows.isEmpty() || rows.getFirst().get("over", Boolean.class),
        rows.stream().filter(row -> row.get("sequence") != null).map(EventStore::event).toList());
  }

  private static StoredEvent event(Tuple row) {
    return new StoredEvent(
        row.get("sequence", Long.class),
        row.get("type", String.class),
        row.get("body", String.class),
        row.get("age", Long.class));
  }

  /// The first event that says that a candidate was scored, as JSON.
  public Optional<String> scored(UUID job, String lineage) {
    return session
        .createNativeQuery(
            """
            select cast(body as text) from events
            where job_id = :job and type = 'scored'
              and body -> 'candidate' ->> 'candidate' = :lineage
            order by sequence limit 1
            """,
            String.class)
        .setParameter("job", job)
        .setParameter("lineage", lineage)
        .getResultList()
        .stream()
        .findFirst();
  }
}
