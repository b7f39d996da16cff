package io.espalier.gateway.jobs;

import io.espalier.gateway.store.Job;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/// The queue in numbers. Every gateway tells those of all, since they share the queue.
@Singleton
final class JobMeters {

  private final AtomicLong queued = new AtomicLong();
  private final AtomicLong running = new AtomicLong();
  private final Timer waited;

  JobMeters(MeterRegistry registry) {
    Gauge.builder("espalier.jobs.queued", queued, AtomicLong::get).register(registry);
    Gauge.builder("espalier.jobs.running", running, AtomicLong::get).register(registry);
    waited =
        Timer.builder("espalier.jobs.waited")
            .description("from a job's creation to its admission")
            .publishPercentileHistogram()
            .register(registry);
  }

  void count(long queuedJobs, long runningJobs) {
    queued.set(queuedJobs);
    running.set(runningJobs);
  }

  void admitted(Job job, Instant at) {
    waited.record(Duration.between(job.createdAt(), at));
  }
}
