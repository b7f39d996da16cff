package io.espalier.flow.service;

import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;
import java.time.Duration;

/// The ranges of the settings that all services have, checked before anything else starts.
@Singleton
final class FlowBounds {

  void check(
      @Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE) StartupEvent event,
      FlowConfig config) {
    check(config);
  }

  /// Checks every number and every time.
  ///
  /// @throws IllegalArgumentException with all that are out of their range
  static void check(FlowConfig config) {
    FlowConfig.Topics topics = config.topics();
    FlowConfig.Queues queues = config.queues();
    FlowConfig.Artifacts artifacts = config.artifacts();
    FlowConfig.Models models = config.models();
    Bounds bounds =
        Bounds.of("espalier.")
            .number("topics.job-partitions", topics.jobPartitions(), 1, 10_000)
            .number("topics.work-partitions", topics.workPartitions(), 1, 100_000)
            .number("queues.waiting", queues.waiting(), 1, 1_000_000)
            .number("queues.waiting-bytes", queues.waitingBytes().asLongValue(), 1, 1L << 40)
            .time("queues.handover", queues.handover(), Duration.ZERO, Duration.ofMinutes(2))
            .time(
                "artifacts.patience",
                artifacts.patience(),
                Duration.ofMillis(20),
                Duration.ofHours(1))
            .number("artifacts.requests-at-once", artifacts.requestsAtOnce(), 1, 10_000)
            .number("artifacts.recent-images", artifacts.recentImages().asLongValue(), 0, 1L << 40)
            .time(
                "models.longest-call",
                models.longestCall(),
                Duration.ofSeconds(1),
                Duration.ofDays(1));
    topics.replication().ifPresent(copies -> bounds.number("topics.replication", copies, 1, 100));
    models.threads().ifPresent(threads -> bounds.number("models.threads", threads, 1, 10_000));
    models
        .memory()
        .ifPresent(memory -> bounds.number("models.memory", memory.asLongValue(), 1, 1L << 50));
    bounds.check();
  }
}
