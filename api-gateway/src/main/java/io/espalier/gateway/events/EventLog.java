package io.espalier.gateway.events;

import io.espalier.contracts.Drawn;
import io.espalier.contracts.JobEvent;
import io.espalier.flow.Records;
import io.espalier.gateway.store.JobStatus;
import io.espalier.gateway.store.JobStore;
import io.espalier.gateway.store.Notifications;
import io.espalier.gateway.store.Notifications.Channel;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import jakarta.persistence.Tuple;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.hibernate.Session;

/// The events of all jobs, by job and sequence. Blocking. Every call runs in the caller's
/// transaction where there is one, else in its own.
@Singleton
@Transactional
public class EventLog {

  private final Session session;
  private final JobStore jobs;
  private final Notifications notifications;
  private final MeterRegistry meters;

  EventLog(Session session, JobStore jobs, Notifications notifications, MeterRegistry meters) {
    this.session = session;
    this.jobs = jobs;
    this.notifications = notifications;
    this.meters = meters;
  }

  /// Adds events, ends the jobs that they end, and tells whoever watches. An event that is there
  /// already, or whose job is gone, changes nothing.
  public void append(List<? extends JobEvent> events) {
    Set<String> told = new LinkedHashSet<>();
    boolean ended = false;
    for (JobEvent event : events) {
      if (insert(event)) {
        told.add(event.jobId());
      }
      ended |= end(event);
    }
    told.forEach(jobId -> notifications.tell(Channel.EVENTS, jobId));
    if (ended) {
      notifications.tell(Channel.QUEUE, Notifications.ANYTHING);
    }
  }

  private boolean insert(JobEvent event) {
    return session
            .createNativeMutationQuery(
                """
                insert into events (job_id, sequence, at, body)
                select id, :sequence, :at, cast(:body as jsonb) from jobs where id = :job
                on conflict do nothing
                """)
            .setParameter("sequence", event.sequence())
            .setParameter("at", Instant.ofEpochMilli(event.at()))
            .setParameter("body", new String(Records.write(event), StandardCharsets.UTF_8))
            .setParameter("job", UUID.fromString(event.jobId()))
            .executeUpdate()
        == 1;
  }

  private boolean end(JobEvent event) {
    UUID job = UUID.fromString(event.jobId());
    Instant at = Instant.ofEpochMilli(event.at());
    return switch (event) {
      case JobEvent.Ended ended -> {
        JobStatus status = JobStatus.parse(ended.result().status()).orElse(JobStatus.FAILED);
        String reason = ended.result().reason();
        yield counted(status, jobs.end(job, status, at, reason, ended.result()));
      }
      case JobEvent.Rejected rejected ->
          counted(JobStatus.FAILED, jobs.end(job, JobStatus.FAILED, at, rejected.reason(), null));
      case JobEvent.Started _, JobEvent.Scored _, JobEvent.Pruned _ -> false;
    };
  }

  private boolean counted(JobStatus status, boolean first) {
    if (first) {
      meters.counter("espalier.jobs.ended", "status", status.word()).increment();
    }
    return first;
  }

  /// A job's events with higher numbers, in their order.
  public List<StoredEvent> after(UUID job, long sequence, int limit) {
    return session
        .createNativeQuery(
            """
            select sequence, type, cast(body as text) as body,
                cast(extract(epoch from clock_timestamp() - stored_at) * 1000 as bigint) as age
            from events where job_id = :job and sequence > :sequence
            order by sequence limit :limit
            """,
            Tuple.class)
        .setParameter("job", job)
        .setParameter("sequence", sequence)
        .setParameter("limit", limit)
        .getResultList()
        .stream()
        .map(
            row ->
                new StoredEvent(
                    row.get("sequence", Long.class),
                    row.get("type", String.class),
                    row.get("body", String.class),
                    row.get("age", Long.class)))
        .toList();
  }

  /// What a scored candidate consists of.
  ///
  /// @param lineage of the candidate itself: a carried one is stored as the rollout it came from
  public Optional<Drawn> drawn(UUID job, String lineage) {
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
        .findFirst()
        .map(body -> Records.read(body.getBytes(StandardCharsets.UTF_8), JobEvent.class))
        .filter(JobEvent.Scored.class::isInstance)
        .map(JobEvent.Scored.class::cast)
        .map(scored -> scored.candidate().drawn());
  }
}
