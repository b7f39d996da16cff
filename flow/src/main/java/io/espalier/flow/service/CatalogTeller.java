package io.espalier.flow.service;

import io.espalier.contracts.CatalogEntry;
import io.espalier.contracts.Topics;
import io.espalier.flow.RecordSender;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells the catalog what this process serves, at once and again and again, until it stops.
@Singleton
public final class CatalogTeller {

  /// How often an entry is told.
  public static final Duration EVERY = Duration.ofSeconds(5);

  private static final Logger LOG = LoggerFactory.getLogger(CatalogTeller.class);

  private final RecordSender sender;
  private final List<CatalogEntry> served = new CopyOnWriteArrayList<>();
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("catalog").daemon().factory());
  private final ScheduledFuture<?> telling;

  CatalogTeller(RecordSender sender) {
    this.sender = sender;
    telling =
        clock.scheduleAtFixedRate(
            () -> served.forEach(this::send),
            EVERY.toMillis(),
            EVERY.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  /// Tells an entry from now on.
  public void tell(CatalogEntry entry) {
    served.add(entry);
    send(entry);
  }

  private void send(CatalogEntry entry) {
    sender
        .send(Topics.CATALOG, entry.name(), entry.toldAt(System.currentTimeMillis()))
        .exceptionally(
            error -> {
              LOG.warn("the catalog cannot be told of {}: {}", entry.name(), error.getMessage());
              return null;
            });
  }

  void stop(@Observes ShutdownEvent event) {
    telling.cancel(true);
    clock.shutdown();
  }
}
