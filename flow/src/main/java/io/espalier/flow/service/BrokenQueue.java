package io.espalier.flow.service;

import jakarta.inject.Singleton;
import java.util.Set;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/// Fails liveness where a queue is read no longer: a restart reads it again.
@Liveness
@Singleton
final class BrokenQueue implements HealthCheck {

  private final WorkQueues queues;

  BrokenQueue(WorkQueues queues) {
    this.queues = queues;
  }

  @Override
  public HealthCheckResponse call() {
    Set<String> broken = queues.broken();
    return HealthCheckResponse.named("work queues")
        .withData("noLongerRead", String.join(", ", broken))
        .status(broken.isEmpty())
        .build();
  }
}
