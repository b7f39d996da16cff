package io.espalier.gateway;

import io.espalier.gateway.catalog.CatalogReader;
import io.quarkus.arc.All;
import jakarta.inject.Singleton;
import java.util.List;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/// Ready once the catalog is known, while all work that needs no request still runs. That
/// the database can be reached is a check of its own.
@Readiness
@Singleton
final class GatewayReady implements HealthCheck {

  private final CatalogReader catalog;
  private final List<Background> parts;

  GatewayReady(CatalogReader catalog, @All List<Background> parts) {
    this.catalog = catalog;
    this.parts = List.copyOf(parts);
  }

  @Override
  public HealthCheckResponse call() {
    return of(catalog.caughtUp(), parts);
  }

  static HealthCheckResponse of(boolean catalogRead, List<Background> parts) {
    HealthCheckResponseBuilder response =
        HealthCheckResponse.named("gateway").withData("catalogRead", catalogRead);
    parts.forEach(part -> response.withData(part.name(), part.healthy()));
    return response.status(catalogRead && parts.stream().allMatch(Background::healthy)).build();
  }
}
