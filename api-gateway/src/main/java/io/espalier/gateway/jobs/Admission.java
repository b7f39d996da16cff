package io.espalier.gateway.jobs;

import io.espalier.contracts.JobEvent;
import io.espalier.contracts.JobRecord;
import io.espalier.gateway.BackgroundRounds;
import io.espalier.gateway.GatewayConfig;
import io.espalier.gateway.events.EventLog;
import io.espalier.gateway.outbox.Outbox;
import io.espalier.gateway.store.AdvisoryLocks;
import io.espalier.gateway.store.AdvisoryLocks.Work;
import io.espalier.gateway.store.Job;
import io.espalier.gateway.store.JobStatus;
import io.espalier.gateway.store.JobStore;
import io.espalier.gateway.store.Notifications;
import io.espalier.gateway.store.Notifications.Channel;
import io.espalier.gateway.store.QueueStore;
import io.espalier.gateway.store.StoredJob;
import io.quarkus.narayana.jta.QuarkusTransaction;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;

/// Lets queued jobs run as far as the configured [Capacity] goes. One gateway at a time, a short
/// transaction each: soon after a job was queued or has ended, and every so often.
@Singleton
public final class Admission extends BackgroundRounds {

  private final QueueStore queue;
  private final JobStore jobs;
  private final EventLog events;
  private final Outbox outbox;
  private final AdvisoryLocks locks;
  private final Notifications notifications;
  private final JobMeters meters;
  private final GatewayConfig config;
  private final Capacity capacity;

  Admission(
      QueueStore queue,
      JobStore jobs,
      EventLog events,
      Outbox outbox,
      AdvisoryLocks locks,
      Notifications notifications,
      JobMeters meters,
      GatewayConfig config) {
    super("admission", config.every());
    this.queue = queue;
    this.jobs = jobs;
    this.events = events;
    this.outbox = outbox;
    this.locks = locks;
    this.notifications = notifications;
    this.meters = meters;
    this.config = config;
    this.capacity = new Capacity(config.running(), (long) config.running() * config.averageSize());
  }

  @Override
  public void start() {
    super.start();
    notifications.on(Channel.QUEUE, _ -> ask());
  }

  @Override
  protected void round() {
    QuarkusTransaction.requiringNew().run(this::admit);
  }

  private void admit() {
    // Choosing and admitting are one step for all gateways.
    locks.hold(Work.ADMISSION);
    List<UUID> chosen = capacity.choose(queue);
    if (!chosen.isEmpty()) {
      Instant now = Instant.now().truncatedTo(ChronoUnit.MICROS);
      submit(queue.admit(chosen, now, config.longestSearch()), now);
    }
    meters.count(jobs.count(JobStatus.QUEUED), jobs.count(JobStatus.RUNNING));
  }

  private void submit(List<StoredJob> admitted, Instant now) {
    List<JobRecord> records = new ArrayList<>();
    List<JobEvent> ends = new ArrayList<>();
    for (StoredJob stored : admitted) {
      switch (stored) {
        case StoredJob.Parsed(Job job) -> {
          records.add(submitted(job));
          meters.admitted(job, Objects.requireNonNull(job.admittedAt()));
        }
        case StoredJob.Unreadable unreadable -> ends.add(UnreadableEnd.of(unreadable, now));
      }
    }
    outbox.add(records);
    events.append(ends);
  }

  private static JobRecord submitted(Job job) {
    return new JobRecord.Submitted(
        job.id().toString(),
        job.tenant(),
        job.priority(),
        job.createdAt().toEpochMilli(),
        Objects.requireNonNull(job.endsBy()).toEpochMilli(),
        job.spec());
  }
}
