package io.espalier.gateway.jobs;

import io.espalier.artifacts.ArtifactStore;
import io.espalier.contracts.ArtifactKeys;
import io.espalier.gateway.GatewayConfig;
import io.espalier.gateway.Rounds;
import io.espalier.gateway.store.JobStore;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Removes the candidates of jobs that ended long ago, in the background; results stay. Two
/// gateways may sweep the same job, which does no harm.
@Singleton
public final class Sweep {

  private static final Logger LOG = LoggerFactory.getLogger(Sweep.class);
  private static final int BATCH = 100;

  private final JobStore jobs;
  private final ArtifactStore artifacts;
  private final GatewayConfig config;
  private @Nullable Rounds rounds;

  Sweep(JobStore jobs, ArtifactStore artifacts, GatewayConfig config) {
    this.jobs = jobs;
    this.artifacts = artifacts;
    this.config = config;
  }

  /// Begins to sweep.
  public void start() {
    rounds = Rounds.start("sweep", config.sweepEvery(), this::round);
  }

  private void round() {
    List<UUID> ended;
    do {
      ended = jobs.unswept(Instant.now().minus(config.keepCandidates()), BATCH);
      for (UUID id : ended) {
        artifacts.deleteAll(ArtifactKeys.candidates(id.toString()));
        jobs.swept(id, Instant.now());
        LOG.debug("the candidates of job {} are gone", id);
      }
    } while (ended.size() == BATCH);
  }

  /// Sweeps no more.
  public void stop() {
    if (rounds != null) {
      rounds.close();
    }
  }
}
