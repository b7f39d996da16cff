package io.espalier.gateway.store;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.ResultDocument;
import io.espalier.gateway.store.Notifications.Channel;
import jakarta.inject.Singleton;
import jakarta.persistence.Tuple;
import jakarta.transaction.Transactional;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.hibernate.Session;
import org.jspecify.annotations.Nullable;

/// Events in the database, by job and sequence. Blocking. Every call runs in the caller's
/// transaction where there is one, else in its own.
@Singleton
@Transactional
public class EventStore {

  static final String SCORED =
      """
      select cast(body as text) from events where job_id = :job and sequence = (
        select sequence from candidates where job_id = :job and lineage = :lineage)
      """;

  private final Session session;

  EventStore(Session session) {
    this.session = session;
  }

  /// How a job ended.
  ///
  /// @param reason why there is no better ending; else empty
  public record End(
      UUID job, JobStatus status, Instant at, String reason, @Nullable ResultDocument result) {}

  /// Adds events and ends the jobs that they end. Once the transaction commits, whoever follows
  /// these jobs is told, and of an end the queue. An event that is there already, or whose job is
  /// gone, changes nothing. A job's first end is the one that counts: the event of a second one is
  /// not added.
  ///
  /// @param ends what some of the events tell, of different jobs
  /// @return the jobs of which this was the first end
  public Set<UUID> append(Collection<? extends JobEvent> events, Collection<End> ends) {
    return session
        .createNativeQuery(
            """
            with told as materialized (
              select * from jsonb_to_recordset(cast(:events as jsonb))
                  as told(job uuid, sequence bigint, at timestamptz, body jsonb)),
            ends as materialized (
              select * from json_to_recordset(cast(:ends as json))
                  as ends(job uuid, status text, at timestamptz, reason text, result json)),
            ended as (
              update jobs set status = ends.status, ended_at = ends.at, reason = ends.reason,
                  result = ends.result
              from ends where jobs.id = ends.job and jobs.ended_at is null
              returning jobs.id as job),
            stored as (
              insert into events (job_id, sequence, at, body)
              select told.job, told.sequence, told.at, told.body
              from told join jobs on jobs.id = told.job
              where told.body ->> 'type' not in ('ended', 'rejected')
                  or told.job in (select job from ended)
              on conflict do nothing
              returning job_id as job, sequence, body),
            scored as (
              insert into candidates (job_id, lineage, sequence)
              select job, candidate ->> 'candidate', sequence
              from stored, jsonb_array_elements(body -> 'candidates') as candidate
              where body ->> 'type' = 'scored'
              on conflict do nothing)
            select cast(null as uuid) as job, cast(pg_notify(:events_channel, cast(job as text)) as text)
            from stored
            union all
            select job, cast(pg_notify(:queue_channel, '') as text) from ended
            """,
            Tuple.class)
        .setParameter("events", JsonRows.of(events, EventStore::fill))
        .setParameter("ends", JsonRows.of(ends, EventStore::fill))
        .setParameter("events_channel", Channel.EVENTS.wire())
        .setParameter("queue_channel", Channel.QUEUE.wire())
        .getResultList()
        .stream()
        .map(row -> row.get("job", UUID.class))
        .filter(Objects::nonNull)
        .collect(Collectors.toSet());
  }

  private static void fill(ObjectNode row, JobEvent event) {
    row.put("job", event.jobId())
        .put("sequence", event.sequence())
        .put("at", Instant.ofEpochMilli(event.at()).toString())
        .putRawValue("body", JsonRows.raw(event));
  }

  private static void fill(ObjectNode row, End end) {
    row.put("job", end.job().toString())
        .put("status", end.status().word())
        .put("at", end.at().toString())
        .put("reason", end.reason());
    if (end.result() != null) {
      row.putRawValue("result", JsonRows.raw(end.result()));
    }
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

  /// An event that tells of a candidate, as JSON.
  public Optional<String> scored(UUID job, String lineage) {
    return session
        .createNativeQuery(SCORED, String.class)
        .setParameter("job", job)
        .setParameter("lineage", lineage)
        .getResultList()
        .stream()
        .findFirst();
  }
}
