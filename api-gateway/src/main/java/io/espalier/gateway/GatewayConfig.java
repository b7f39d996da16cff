package io.espalier.gateway;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;

/// What a gateway is told. The database is `quarkus.datasource.*`.
@ConfigMapping(prefix = "espalier.gateway")
public interface GatewayConfig {

  /// How many searches run at a time, over all gateways.
  @WithDefault("8")
  int running();

  /// How large the searches that run may be on average, in images: [#running()] times this is the
  /// most that runs at a time. A default search of a generator of 13 scales is 145 images.
  @WithDefault("150")
  int averageSize();

  /// The most bytes that a request's body may have.
  @WithDefault("65536")
  int largestBody();

  /// How long after it was last told a bundle counts as served.
  @WithDefault("30s")
  Duration servedFor();

  /// How often the queue and the outbox are looked at where no notification asks for it.
  @WithDefault("1s")
  Duration every();

  /// How long a search may run that has no deadline of its own: a search ends, whatever is lost.
  @WithDefault("1h")
  Duration longestSearch();

  /// How long after its deadline a running search may take to tell its end. Then the gateway ends
  /// the job: what ran it may have lost it.
  @WithDefault("5m")
  Duration grace();

  /// How long an ended job's candidates are kept; its result stays until the job is deleted.
  @WithDefault("24h")
  Duration keepCandidates();

  /// How long ended jobs are kept, with their events and results; until they are deleted where
  /// absent.
  Optional<Duration> keepJobs();

  /// How long after a job's end work of it may still run and store artifacts. What a job left is
  /// swept once more after that.
  @WithDefault("1h")
  Duration lateWork();

  /// How often is looked for what was kept for long enough.
  @WithDefault("10m")
  Duration sweepEvery();

  Watching watching();

  /// Streams of events.
  interface Watching {

    /// How often a watched job is looked at where no notification asks for it.
    @WithDefault("5s")
    Duration every();

    /// How long a stream may be silent before it sends a comment, which tells both ends that the
    /// other is still there.
    @WithDefault("15s")
    Duration heartbeat();

    /// How long an event is waited for whose successor is there.
    @WithDefault("2s")
    Duration gap();
  }
}
