package io.espalier.gateway;

import io.espalier.flow.TopicSetup;
import io.espalier.gateway.catalog.CatalogReader;
import io.espalier.gateway.events.EventFeed;
import io.espalier.gateway.events.EventIntake;
import io.espalier.gateway.jobs.Admission;
import io.espalier.gateway.jobs.Deadlines;
import io.espalier.gateway.jobs.Sweep;
import io.espalier.gateway.outbox.OutboxRelay;
import io.espalier.gateway.store.Notifications;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.List;

/// Starts and stops the work that needs no request.
@Singleton
final class Gateway {

  private final GatewayConfig config;
  private final TopicSetup topics;
  private final CatalogReader catalog;
  private final EventIntake events;
  private final EventFeed feed;
  private final Notifications notifications;
  private final OutboxRelay outbox;
  private final Admission admission;
  private final Deadlines deadlines;
  private final Sweep sweep;

  Gateway(
      GatewayConfig config,
      TopicSetup topics,
      CatalogReader catalog,
      EventIntake events,
      EventFeed feed,
      Notifications notifications,
      OutboxRelay outbox,
      Admission admission,
      Deadlines deadlines,
      Sweep sweep) {
    this.config = config;
    this.topics = topics;
    this.catalog = catalog;
    this.events = events;
    this.feed = feed;
    this.notifications = notifications;
    this.outbox = outbox;
    this.admission = admission;
    this.deadlines = deadlines;
    this.sweep = sweep;
  }

  void start(@Observes StartupEvent event) throws InterruptedException {
    GatewayBounds.check(config);
    topics.ensure(List.of());
    catalog.start();
    events.start();
    outbox.start();
    admission.start();
    deadlines.start();
    sweep.start();
    notifications.start();
  }

  void stop(@Observes ShutdownEvent event) {
    feed.stop();
    sweep.stop();
    deadlines.stop();
    admission.stop();
    events.stop();
    outbox.stop();
    catalog.stop();
    notifications.stop();
  }
}
