package io.espalier.gateway;

import io.espalier.gateway.catalog.CatalogReader;
import io.espalier.gateway.events.EventIntake;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/// Ready once the catalog is known, for as long as events are read. That the database can be
/// reached is a check of its own.
@Readiness
@Singleton
final class GatewayReady implements HealthCheck {

  private final CatalogReader catalog;
  private final EventIntake events;

  GatewayReady(CatalogReader catalog, EventIntake events) {
    this.catalog = catalog;
    this.events = events;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("gateway")
        .withData("catalogRead", catalog.caughtUp())
        .withData("eventsRead", events.reading())
        .status(catalog.caughtUp() && events.reading())
        .build();
  }
}
