package io.espalier.gateway.events;

import io.espalier.gateway.GatewayConfig;
import io.espalier.gateway.store.EventPage;
import io.espalier.gateway.store.StoredEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// One watcher's place among a job's events. For one thread; only [#wake()] may be called from
/// any.
///
/// Events are handed out in the order of their numbers. One that is stored before its predecessor
/// waits for it, but not for ever: a predecessor that nobody could read never comes.
public final class Follower implements AutoCloseable {

  private final EventFeed feed;
  private final GatewayConfig.Watching config;
  private final UUID job;
  private final Semaphore woken = new Semaphore(0);
  private long last;
  private boolean over;

  Follower(EventFeed feed, GatewayConfig.Watching config, UUID job, long after) {
    this.feed = feed;
    this.config = config;
    this.job = job;
    this.last = after;
  }

  void wake() {
    woken.release();
  }

  /// Waits for events.
  ///
  /// @return the next ones; none where none came for the time of a heartbeat, or ever will
  public List<StoredEvent> next() throws InterruptedException {
    long until = System.nanoTime() + config.heartbeat().toNanos();
    while (!over()) {
      EventPage page = feed.after(job, last);
      List<StoredEvent> ready = ready(page.events());
      boolean waiting = ready.size() < page.events().size();
      if (page.over() && page.events().isEmpty()) {
        over = true;
      }
      if (!ready.isEmpty()) {
        last = ready.getLast().sequence();
        return ready;
      }
      long left = until - System.nanoTime();
      if (left <= 0) {
        return ready;
      }
      await(Math.min(left, (waiting ? config.gap() : config.every()).toNanos()));
    }
    return List.of();
  }

  private void await(long nanos) throws InterruptedException {
    if (!over && woken.tryAcquire(nanos, TimeUnit.NANOSECONDS)) {
      woken.drainPermits();
    }
  }

  /// Those that come right after the last one, or whose predecessor is not waited for any more.
  private List<StoredEvent> ready(List<StoredEvent> events) {
    List<StoredEvent> ready = new ArrayList<>();
    Duration gap = config.gap();
    long expected = last + 1;
    for (StoredEvent event : events) {
      if (event.sequence() != expected && event.storedMillis() < gap.toMillis()) {
        break;
      }
      ready.add(event);
      expected = event.sequence() + 1;
    }
    return ready;
  }

  /// Whether there will be no more events.
  public boolean over() {
    return over || feed.closed();
  }

  @Override
  public void close() {
    feed.leave(job, this);
  }
}
