package io.espalier.gateway.events;

import io.espalier.contracts.Drawn;
import io.espalier.contracts.JobEvent;
import io.espalier.flow.Records;
import io.espalier.gateway.store.EventPage;
import io.espalier.gateway.store.EventStore;
import io.espalier.gateway.store.EventStore.End;
import io.espalier.gateway.store.JobStatus;
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
  private final MeterRegistry meters;

  EventLog(EventStore events, MeterRegistry meters) {
    this.events = events;
    this.meters = meters;
  }

  /// Adds events, ends the jobs that they end, and tells whoever watches. An event that is there
  /// already, or whose job is gone, changes nothing; nor does a second end of a job, whatever its
  /// number.
  public void append(List<? extends JobEvent> told) {
    if (told.isEmpty()) {
      return;
    }
    List<JobEvent> all = new ArrayList<>();
    Map<String, JobEvent> last = new LinkedHashMap<>();
    for (JobEvent event : told) {
      switch (event) {
        case JobEvent.Ended _, JobEvent.Rejected _ -> last.putIfAbsent(event.jobId(), event);
        case JobEvent.Started _, JobEvent.Scored _, JobEvent.Pruned _ -> all.add(event);
      }
    }
    all.addAll(last.values());
    List<End> ends = last.values().stream().map(EventLog::end).toList();
    Set<UUID> ended = events.append(all, ends);
    for (End end : ends) {
      if (ended.contains(end.job())) {
        meters.counter("espalier.jobs.ended", "status", end.status().word()).increment();
      }
    }
  }

  private static End end(JobEvent event) {
    UUID job = UUID.fromString(event.jobId());
    Instant at = Instant.ofEpochMilli(event.at());
    return switch (event) {
      case JobEvent.Ended ended ->
          new End(
              job,
              JobStatus.parse(ended.result().status()).orElse(JobStatus.FAILED),
              at,
              ended.result().reason(),
              ended.result());
      case JobEvent.Rejected rejected ->
          new End(job, JobStatus.FAILED, at, rejected.reason(), null);
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
        .flatMap(scored -> drawn(scored, lineage));
  }

  private static Optional<Drawn> drawn(JobEvent.Scored scored, String lineage) {
    return scored.candidates().stream()
        .filter(image -> image.candidate().equals(lineage))
        .map(JobEvent.ScoredImage::drawn)
        .findFirst();
  }
}
