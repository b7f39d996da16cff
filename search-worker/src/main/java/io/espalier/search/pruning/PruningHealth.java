package io.espalier.search.pruning;

import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/// Fails liveness where pruning was started and has died.
@Liveness
@Singleton
final class PruningHealth implements HealthCheck {

  private final PruningStreams streams;

  PruningHealth(PruningStreams streams) {
    this.streams = streams;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("pruning").status(!streams.died()).build();
  }
}
