package io.espalier.gateway.jobs;

import io.espalier.contracts.JobEvent;
import io.espalier.contracts.JobRecord;
import io.espalier.gateway.BackgroundRounds;
import io.espalier.gateway.GatewayConfig;
import io.espalier.gateway.events.EventLog;
import io.espalier.gateway.outbox.Outbox;
import io.espalier.gateway.store.Job;
import io.espalier.gateway.store.JobStatus;
import io.espalier.gateway.store.JobStore;
import io.espalier.gateway.store.JobStore.Overdue;
import io.espalier.gateway.store.StoredJob;
import io.quarkus.narayana.jta.QuarkusTransaction;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Ends jobs whose deadline has passed. A queued one ends at once. A running one ends where its
/// search does, unless no end of it is heard for the time of a grace: its state or its end may be
/// lost, and it would keep its slot for ever. Then the job has failed, pruning is told to drop the
/// search, and an end that is heard later changes nothing.
///
/// A few jobs a transaction, whichever gateway comes to them first.
@Singleton
public final class Deadlines extends BackgroundRounds {

  private static final Logger LOG = LoggerFactory.getLogger(Deadlines.class);
  private static final int BATCH = 100;

  private final JobStore jobs;
  private final EventLog events;
  private final Outbox outbox;
  private final GatewayConfig config;
  private volatile Instant listeningSince = Instant.MAX;

  Deadlines(JobStore jobs, EventLog events, Outbox outbox, GatewayConfig config) {
    super("deadlines", config.every());
    this.jobs = jobs;
    this.events = events;
    this.outbox = outbox;
    this.config = config;
  }

  @Override
  public void start() {
    // What ended while no gateway ran is still to be heard.
    listeningSince = Instant.now();
    super.start();
  }

  @Override
  protected void round() {
    all(this::expire);
    if (listeningSince.plus(config.grace()).isBefore(Instant.now())) {
      all(this::giveUp);
    }
  }

  /// Goes through batches, each in a transaction of its own, until one is not full.
  private static void all(Function<Instant, Integer> batch) {
    int done;
    do {
      Instant now = Instant.now().truncatedTo(ChronoUnit.MICROS);
      done = QuarkusTransaction.requiringNew().call(() -> batch.apply(now));
    } while (done == BATCH);
  }

  private int expire(Instant now) {
    List<JobEvent> ends =
        jobs.overdueInQueue(now, BATCH).stream().map(job -> expired(job, now)).toList();
    events.append(ends);
    return ends.size();
  }

  private static JobEvent expired(StoredJob stored, Instant now) {
    return switch (stored) {
      case StoredJob.Parsed(Job job) ->
          QueuedEnd.of(job, JobStatus.EXPIRED, "the deadline passed in the queue", now);
      case StoredJob.Unreadable unreadable -> UnreadableEnd.of(unreadable, now);
    };
  }

  private int giveUp(Instant now) {
    List<Overdue> lost = jobs.overdueInSearch(now.minus(config.grace()), BATCH);
    events.append(lost.stream().map(each -> lostEnd(each, now)).toList());
    outbox.add(lost.stream().map(each -> new JobRecord.Cancelled(each.job().toString())).toList());
    lost.forEach(each -> LOG.warn("job {} told no end by {}: failed", each.job(), each.endsBy()));
    return lost.size();
  }

  private JobEvent lostEnd(Overdue lost, Instant now) {
    return new JobEvent.Rejected(
        lost.job().toString(),
        Long.MAX_VALUE,
        now.toEpochMilli(),
        "the search was to end by %s and told no end for %d seconds after that; it may be lost"
            .formatted(lost.endsBy(), config.grace().toSeconds()));
  }
}
