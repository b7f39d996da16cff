package io.espalier.gateway.events;

import io.espalier.gateway.GatewayConfig;
import io.espalier.gateway.store.Job;
import io.espalier.gateway.store.JobStatus;
import io.espalier.gateway.store.JobStore;
import io.espalier.gateway.store.Notifications;
import io.espalier.gateway.store.Notifications.Channel;
import io.espalier.gateway.store.StoredEvent;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.narayana.jta.QuarkusTransaction;
import jakarta.inject.Singleton;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/// Hands jobs' events to whoever follows them in this gateway, whichever gateway stored them.
@Singleton
public final class EventFeed {

  private static final int BATCH = 500;

  /// A job's events after one of them.
  ///
  /// @param over whether the job has ended, so that there will be no more
  record Look(boolean over, List<StoredEvent> events) {}

  private final EventLog log;
  private final JobStore jobs;
  private final GatewayConfig.Watching config;
  private final Map<String, Set<Follower>> followers = new HashMap<>();
  private volatile boolean closed;

  EventFeed(
      EventLog log,
      JobStore jobs,
      Notifications notifications,
      GatewayConfig config,
      MeterRegistry meters) {
    this.log = log;
    this.jobs = jobs;
    this.config = config.watching();
    Gauge.builder("espalier.watchers", this, EventFeed::watchers)
        .description("streams of events that are open")
        .register(meters);
    notifications.on(Channel.EVENTS, this::told);
  }

  /// Follows a job's events.
  ///
  /// @param after the number of the last event that is known already; −1 for none
  public Follower follow(UUID job, long after) {
    Follower follower = new Follower(this, config, job, after);
    synchronized (followers) {
      followers.computeIfAbsent(job.toString(), _ -> new HashSet<>()).add(follower);
    }
    return follower;
  }

  void leave(UUID job, Follower follower) {
    synchronized (followers) {
      Set<Follower> all = followers.getOrDefault(job.toString(), new HashSet<>());
      all.remove(follower);
      if (all.isEmpty()) {
        followers.remove(job.toString());
      }
    }
  }

  /// Where the job has ended, all that it told is there to see: both are stored at once, and the
  /// job is looked at first.
  Look look(UUID job, long after) {
    return QuarkusTransaction.requiringNew()
        .call(
            () -> {
              boolean over = jobs.job(job).map(Job::status).map(JobStatus::ended).orElse(true);
              return new Look(over, log.after(job, after, BATCH));
            });
  }

  /// Whether a job has told everything, and nothing of it after a number.
  public boolean exhausted(UUID job, long after) {
    Look look = look(job, after);
    return look.over() && look.events().isEmpty();
  }

  private int watchers() {
    synchronized (followers) {
      return followers.values().stream().mapToInt(Set::size).sum();
    }
  }

  boolean closed() {
    return closed;
  }

  private void told(String jobId) {
    synchronized (followers) {
      if (jobId.equals(Notifications.ANYTHING)) {
        followers.values().stream().flatMap(Collection::stream).forEach(Follower::wake);
      } else {
        followers.getOrDefault(jobId, Set.of()).forEach(Follower::wake);
      }
    }
  }

  /// Ends every stream, so that clients go to another gateway.
  public void stop() {
    closed = true;
    told(Notifications.ANYTHING);
  }
}
