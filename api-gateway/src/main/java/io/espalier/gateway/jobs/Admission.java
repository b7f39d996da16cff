package io.espalier.gateway.jobs;

import io.espalier.contracts.JobRecord;
import io.espalier.flow.Rounds;
import io.espalier.gateway.Background;
import io.espalier.gateway.GatewayConfig;
import io.espalier.gateway.outbox.Outbox;
import io.espalier.gateway.store.AdvisoryLocks;
import io.espalier.gateway.store.AdvisoryLocks.Work;
import io.espalier.gateway.store.Job;
import io.espalier.gateway.store.JobStatus;
import io.espalier.gateway.store.JobStore;
import io.espalier.gateway.store.Notifications;
import io.espalier.gateway.store.Notifications.Channel;
import io.quarkus.narayana.jta.QuarkusTransaction;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Lets queued jobs run, the highest priority first, then the oldest, while fewer than the
/// configured number run. One gateway at a time, a short transaction each: soon after a job was
/// queued or has ended, and every so often.
@Singleton
public final class Admission implements Background {

  private final JobStore jobs;
  private final Outbox outbox;
  private final AdvisoryLocks locks;
  private final Notifications notifications;
  private final JobMeters meters;
  private final GatewayConfig config;
  private @Nullable Rounds rounds;

  Admission(
      JobStore jobs,
      Outbox outbox,
      AdvisoryLocks locks,
      Notifications notifications,
      JobMeters meters,
      GatewayConfig config) {
    this.jobs = jobs;
    this.outbox = outbox;
    this.locks = locks;
    this.notifications = notifications;
    this.meters = meters;
    this.config = config;
  }

  /// Begins to admit.
  public void start() {
    Rounds started =
        Rounds.start(
            "queue", config.every(), () -> QuarkusTransaction.requiringNew().run(this::round));
    notifications.on(Channel.QUEUE, _ -> started.ask());
    rounds = started;
  }

  private void round() {
    // Counting and admitting are one step for all gateways.
    locks.hold(Work.ADMISSION);
    Instant now = Instant.now().truncatedTo(ChronoUnit.MICROS);
    long running = jobs.count(JobStatus.RUNNING);
    int free = (int) Math.max(0, config.running() - running);
    List<Job> next = free == 0 ? List.of() : jobs.admit(free, now, config.longestSearch());
    outbox.add(next.stream().map(Admission::submitted).toList());
    next.forEach(job -> meters.admitted(job, Objects.requireNonNull(job.admittedAt())));
    meters.count(jobs.count(JobStatus.QUEUED), running + next.size());
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

  @Override
  public String name() {
    return "admission";
  }

  @Override
  public boolean healthy() {
    return rounds != null && rounds.healthy();
  }

  /// Admits no more.
  public void stop() {
    if (rounds != null) {
      rounds.close();
    }
  }
}
