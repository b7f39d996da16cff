package io.espalier.flow.service;

import jakarta.inject.Singleton;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/// Fails liveness where a native call hangs: nothing inside the process can end it, a restart
/// does.
@Liveness
@Singleton
final class HangingCall implements HealthCheck {

  private final ModelThreads threads;
  private final long limitNanos;

  HangingCall(ModelThreads threads, FlowConfig config) {
    this.threads = threads;
    limitNanos = config.models().longestCall().toNanos();
  }

  @Override
  public HealthCheckResponse call() {
    long oldest = threads.oldestNanos();
    return HealthCheckResponse.named("model calls")
        .withData("oldestMillis", TimeUnit.NANOSECONDS.toMillis(oldest))
        .status(oldest <= limitNanos)
        .build();
  }
}
