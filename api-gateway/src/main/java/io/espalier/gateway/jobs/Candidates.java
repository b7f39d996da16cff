package io.espalier.gateway.jobs;

import io.espalier.artifacts.ArtifactException;
import io.espalier.artifacts.ArtifactStore;
import io.espalier.beam.InvalidSearchException;
import io.espalier.beam.Lineage;
import io.espalier.contracts.ArtifactKeys;
import io.espalier.contracts.Drawn;
import io.espalier.contracts.JobRequest;
import io.espalier.contracts.JobSpec;
import io.espalier.gateway.events.EventLog;
import io.espalier.gateway.store.Job;
import io.espalier.gateway.store.JobStore;
import jakarta.inject.Singleton;
import java.util.Optional;
import java.util.UUID;

/// The scored candidates of jobs, found by their lineage.
@Singleton
public final class Candidates {

  private final JobStore jobs;
  private final EventLog events;
  private final ArtifactStore artifacts;

  Candidates(JobStore jobs, EventLog events, ArtifactStore artifacts) {
    this.jobs = jobs;
    this.events = events;
    this.artifacts = artifacts;
  }

  /// What a candidate consists of; empty where none of this lineage has been scored. A carried
  /// candidate is told only where it was drawn on; else it is the rollout that it came from.
  ///
  /// @throws InvalidSearchException where the text is no lineage
  Optional<Drawn> drawn(UUID job, String lineage) {
    Lineage node = Lineage.parse(lineage);
    return events.drawn(job, node.toString()).or(() -> events.drawn(job, node.key().toString()));
  }

  /// The base that a request names.
  ///
  /// @throws InvalidSearchException where there is no such candidate to start from
  Base base(JobRequest.Base wanted) {
    Job job =
        uuid(wanted.jobId())
            .flatMap(jobs::job)
            .orElseThrow(
                () ->
                    new InvalidSearchException(
                        "the base names the job '%s', but there is none; GET /v1/jobs lists all"
                            .formatted(wanted.jobId())));
    Drawn drawn =
        drawn(job.id(), wanted.candidate())
            .orElseThrow(
                () ->
                    new InvalidSearchException(
                        "the base names the candidate '%s', but job %s has none of this lineage"
                                .formatted(wanted.candidate(), job.id())
                            + " that was scored; its events name those that were"));
    return new Base(job, new JobSpec.BaseRef(wanted.candidate(), drawn));
  }

  private static Optional<UUID> uuid(String text) {
    try {
      return Optional.of(UUID.fromString(text));
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }

  /// Gives a job the slice of its base, to be its own.
  ///
  /// @throws InvalidSearchException where they are no longer kept
  void copy(Base base, UUID to) {
    String slice = base.ref().drawn().slice();
    try {
      artifacts.copy(
          ArtifactKeys.slice(base.job().id().toString(), slice),
          ArtifactKeys.slice(to.toString(), slice));
    } catch (ArtifactException.NotFound e) {
      throw new InvalidSearchException(
          "the bits of candidate '%s' of job %s are no longer kept (%s); run that job again"
              .formatted(base.ref().lineage(), base.job().id(), e.getMessage()));
    }
  }

  /// A candidate of an earlier job to start from.
  record Base(Job job, JobSpec.BaseRef ref) {

    /// Checks that a search can go on with bits that another one drew.
    ///
    /// @throws InvalidSearchException where the generators differ
    void check(JobSpec spec) {
      JobSpec.GeneratorRef theirs = job.spec().generator();
      JobSpec.GeneratorRef ours = spec.generator();
      if (!theirs.digest().equals(ours.digest())) {
        throw new InvalidSearchException(
            "the base was drawn by %s %s, but the job asks for %s %s, for which its bits mean"
                    .formatted(theirs.name(), theirs.version(), ours.name(), ours.version())
                + " nothing; ask for the base's bundle");
      }
    }
  }
}
