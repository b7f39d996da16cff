package io.espalier.flow.service;

import io.espalier.contracts.CatalogEntry;
import io.espalier.contracts.Topics;
import io.espalier.flow.RecordSender;
import io.espalier.flow.Rounds;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
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
  private final Rounds telling;

  CatalogTeller(RecordSender sender) {
    this.sender = sender;
    telling = Rounds.start("catalog", EVERY, () -> served.forEach(this::send));
  }

  /// Tells an entry from now on.
  public void tell(CatalogEntry entry) {
    served.add(entry);
    send(entry);
  }

  /// Whether the catalog is told again and again, or would be if Kafka answered.
  boolean healthy() {
    return telling.healthy();
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
    telling.close();
  }
}
