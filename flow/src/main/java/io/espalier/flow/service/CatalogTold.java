package io.espalier.flow.service;

import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/// Not ready where the catalog is told no longer: soon nobody knows that this process serves.
@Readiness
@Singleton
final class CatalogTold implements HealthCheck {

  private final CatalogTeller teller;

  CatalogTold(CatalogTeller teller) {
    this.teller = teller;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("catalog told").status(teller.healthy()).build();
  }
}
