package io.espalier.gateway.events;

import io.espalier.gateway.GatewayConfig;
import io.espalier.gateway.store.EventPage;
import io.espalier.gateway.store.Notifications;
import io.espalier.gateway.store.Notifications.Channel;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/// Hands jobs' events to whoever follows them in this gateway, whichever gateway stored them.
@Singleton
public final class EventFeed {

  private static final int BATCH = 500;

  private final EventLog log;
  private final GatewayConfig.Watching config;
  private final Map<String, Set<Follower>> followers = new HashMap<>();
  private volatile boolean closed;

  EventFeed(EventLog log, Notifications notifications, GatewayConfig config, MeterRegistry meters) {
    this.log = log;
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

  EventPage after(UUID job, long sequence) {
    return log.after(job, sequence, BATCH);
  }

  /// Whether a job has told everything, and nothing of it after a number.
  public boolean exhausted(UUID job, long after) {
    EventPage page = after(job, after);
    return page.over() && page.events().isEmpty();
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
