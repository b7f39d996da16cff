package io.espalier.gateway.jobs;

import io.espalier.artifacts.ArtifactException;
import io.espalier.artifacts.ArtifactStore;
import io.espalier.contracts.ArtifactKeys;
import io.espalier.gateway.BackgroundRounds;
import io.espalier.gateway.GatewayConfig;
import io.espalier.gateway.store.SweepStore;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Removes what jobs have left and no longer need, in the background: the candidates of jobs
/// that ended long ago, all of jobs that are deleted, and jobs themselves after a retention, where
/// there is one. All gateways share the work, a few jobs each at a time. What cannot be removed is
/// tried again later, and holds up nothing else.
@Singleton
public final class Sweep extends BackgroundRounds {

  private static final Logger LOG = LoggerFactory.getLogger(Sweep.class);
  private static final int HANDED_OVER = 500;
  private static final int BATCH = 20;

  /// A job has thousands of objects at most, but the store may be slow.
  private static final Duration LEASE = Duration.ofMinutes(10);

  private final SweepStore sweeps;
  private final ArtifactStore artifacts;
  private final GatewayConfig config;

  Sweep(SweepStore sweeps, ArtifactStore artifacts, GatewayConfig config) {
    super("sweep", config.sweepEvery());
    this.sweeps = sweeps;
    this.artifacts = artifacts;
    this.config = config;
  }

  @Override
  protected void round() {
    Instant now = Instant.now();
    Duration late = config.lateWork();
    config
        .keepJobs()
        .ifPresent(kept -> repeat(() -> sweeps.deleteJobs(now.minus(kept), late, HANDED_OVER)));
    Instant before = now.minus(config.keepCandidates());
    repeat(() -> sweeps.handOverCandidates(before, late, HANDED_OVER));
    List<SweepStore.Due> due;
    do {
      due = sweeps.claim(BATCH, LEASE);
    } while (sweep(due) && due.size() == BATCH);
  }

  private static void repeat(IntSupplier batch) {
    int done;
    do {
      done = batch.getAsInt();
    } while (done == HANDED_OVER);
  }

  /// Sweeps claimed jobs.
  ///
  /// @return whether the store answers, so that it makes sense to continue
  private boolean sweep(List<SweepStore.Due> due) {
    List<SweepStore.Due> swept = new ArrayList<>();
    List<SweepStore.Due> failed = new ArrayList<>();
    boolean reachable = true;
    for (SweepStore.Due job : due) {
      if (!reachable) {
        break;
      }
      try {
        sweep(job);
        swept.add(job);
      } catch (ArtifactException.Unreachable e) {
        LOG.warn("nothing can be swept at the moment: {}", e.getMessage());
        reachable = false;
      } catch (RuntimeException e) {
        LOG.warn("what job {} left cannot all be removed; it is tried again", job.job(), e);
        failed.add(job);
      }
    }
    sweeps.done(swept);
    sweeps.putOff(failed);
    sweeps.release(due.subList(swept.size() + failed.size(), due.size()));
    return reachable;
  }

  private void sweep(SweepStore.Due due) {
    String job = due.job().toString();
    artifacts.deleteAll(ArtifactKeys.candidates(job));
    if (due.results()) {
      artifacts.deleteAll(ArtifactKeys.results(job));
    }
    LOG.debug("what job {} left is gone", job);
  }
}
