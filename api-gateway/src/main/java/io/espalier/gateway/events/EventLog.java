package io.espalier.gateway.events;

import io.espalier.contracts.Drawn;
import io.espalier.contracts.JobEvent;
import io.espalier.flow.Records;
import io.espalier.gateway.store.EventPage;
import io.espalier.gateway.store.EventStore;
import io.espalier.gateway.store.JobStatus;
import io.espalier.gateway.store.JobStore;
import io.espalier.gateway.store.Notifications;
import io.espalier.gateway.store.Notifications.Channel;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import jakarta.transaction.Transactional;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/// The events of all jobs, by job and sequence. Blocking. Every call runs in the caller's
/// transaction where there is one, else in its own.
@Singleton
@Transactional
public class EventLog {

  private final EventStore events;
  private final JobStore jobs;
  private final Notifications notifications;
  private final MeterRegistry meters;

  EventLog(EventStore events, JobStore jobs, Notifications notifications, MeterRegistry meters) {
    this.events = events;
    this.jobs = jobs;
    this.notifications = notifications;
    this.meters = meters;
  }

  /// Adds events, ends the jobs that they end, and tells whoever watches. An event that is there
  /// already, or whose job is gone, changes nothing; nor does a second end of a job, whatever its
  /// number.
  public void append(List<? extends JobEvent> told) {
    Map<String, JobEvent> ends = new LinkedHashMap<>();
    List<JobEvent> all = new ArrayList<>();
    for (JobEvent event : told) {
      switch (event) {
        case JobEvent.Ended _, JobEvent.Rejected _ -> ends.putIfAbsent(event.jobId(), event);
        case JobEvent.Started _, JobEvent.Scored _, JobEvent.Pruned _ -> all.add(event);
      }
    }
    Set<UUID> ended = ends.isEmpty() ? Set.of() : end(List.copyOf(ends.values()));
    ended.forEach(job -> all.add(ends.get(job.toString())));
    List<String> changed = all.isEmpty() ? List.of() : events.insert(all);
    notifications.tell(Channel.EVENTS, changed);
    if (!ended.isEmpty()) {
      notifications.tell(Channel.QUEUE);
    }
  }

  private Set<UUID> end(List<JobEvent> events) {
    List<JobStore.End> ends = events.stream().map(EventLog::end).toList();
    Set<UUID> first = jobs.end(ends);
    for (JobStore.End end : ends) {
      if (first.contains(end.job())) {
        meters.counter("espalier.jobs.ended", "status", end.status().word()).increment();
      }
    }
    return first;
  }

  private static JobStore.End end(JobEvent event) {
    UUID job = UUID.fromString(event.jobId());
    Instant at = Instant.ofEpochMilli(event.at());
    return switch (event) {
      case JobEvent.Ended ended ->
          new JobStore.End(
              job,
              JobStatus.parse(ended.result().status()).orElse(JobStatus.FAILED),
              at,
              ended.result().reason(),
              ended.result());
      case JobEvent.Rejected rejected ->
          new JobStore.End(job, JobStatus.FAILED, at, rejected.reason(), null);
      case JobEvent.Started _, JobEvent.Scored _, JobEvent.Pruned _ ->
          throw new IllegalArgumentException("the event ends no job: " + event);
    };
  }

  /// A job's events with higher numbers, in their order.
  public EventPage after(UUID job, long sequence, int limit) {
    return events.after(job, sequence, limit);
  }

  /// What a scored candidate consists of.
  ///
  /// @param lineage of the candidate itself: a carried one is stored as the rollout it came from
  public Optional<Drawn> drawn(UUID job, String lineage) {
    return events
        .scored(job, lineage)
        .map(body -> Records.read(body.getBytes(StandardCharsets.UTF_8), JobEvent.class))
        .filter(JobEvent.Scored.class::isInstance)
        .map(JobEvent.Scored.class::cast)
        .map(scored -> scored.candidate().drawn());
  }
}
