package io.espalier.gateway.jobs;

import io.espalier.artifacts.ArtifactStore;
import io.espalier.beam.Plan;
import io.espalier.contracts.ArtifactKeys;
import io.espalier.contracts.JobRecord;
import io.espalier.contracts.JobRequest;
import io.espalier.contracts.JobSpec;
import io.espalier.flow.JobSpecs;
import io.espalier.flow.Records;
import io.espalier.flow.SearchSpecs;
import io.espalier.flow.Sha256;
import io.espalier.gateway.GatewayConfig;
import io.espalier.gateway.catalog.LiveCatalog;
import io.espalier.gateway.events.EventLog;
import io.espalier.gateway.jobs.Candidates.Base;
import io.espalier.gateway.outbox.Outbox;
import io.espalier.gateway.store.Cursor;
import io.espalier.gateway.store.Job;
import io.espalier.gateway.store.JobStatus;
import io.espalier.gateway.store.JobStore;
import io.espalier.gateway.store.SweepStore;
import io.quarkus.narayana.jta.QuarkusTransaction;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// All that a client can do with jobs. Blocking, thread-safe; what happens between two gateways
/// is settled in the database.
@Singleton
public final class Jobs {

  /// Whose jobs they are where nobody says.
  public static final String TENANT = "default";

  /// Seeds that JavaScript reads without loss.
  private static final long SEEDS = 1L << 53;

  /// Much longer than copying a base takes.
  private static final Duration LONGEST_SUBMISSION = Duration.ofHours(1);

  private final JobStore jobs;
  private final LiveCatalog catalog;
  private final Candidates candidates;
  private final EventLog events;
  private final Outbox outbox;
  private final SweepStore sweeps;
  private final ArtifactStore artifacts;
  private final GatewayConfig config;

  Jobs(
      JobStore jobs,
      LiveCatalog catalog,
      Candidates candidates,
      EventLog events,
      Outbox outbox,
      SweepStore sweeps,
      ArtifactStore artifacts,
      GatewayConfig config) {
    this.jobs = jobs;
    this.catalog = catalog;
    this.candidates = candidates;
    this.events = events;
    this.outbox = outbox;
    this.sweeps = sweeps;
    this.artifacts = artifacts;
    this.config = config;
  }

  /// A job that was asked for.
  ///
  /// @param repeated whether an earlier request with the same key made it
  public record Submission(Job job, boolean repeated) {}

  /// Some jobs of the list.
  ///
  /// @param next where the list goes on; absent at its end
  public record Page(List<Job> jobs, @Nullable Cursor next) {}

  /// What came of a wish to cancel.
  ///
  /// @param changed whether the job had not ended yet
  public record Cancellation(Job job, boolean changed) {}

  /// Queues a job, or finds the one that the same request with the same key has made.
  ///
  /// @param key absent where every request is a new one
  /// @throws io.espalier.beam.InvalidSearchException where the request makes no sense
  /// @throws JobException where the key stands for another request
  public Submission submit(JobRequest request, @Nullable String key) {
    String digest = Sha256.of(Records.write(request));
    return repeated(key, digest).orElseGet(() -> make(request, key, digest));
  }

  private Optional<Submission> repeated(@Nullable String key, String digest) {
    Optional<Job> earlier = key == null ? Optional.empty() : jobs.byKey(TENANT, key);
    if (earlier.isPresent() && !earlier.get().bodyDigest().equals(digest)) {
      throw new JobException.KeyReused(earlier.get());
    }
    return earlier.map(job -> new Submission(job, true));
  }

  private Submission make(JobRequest request, @Nullable String key, String digest) {
    Base base = request.base() == null ? null : candidates.base(request.base());
    JobSpec spec =
        JobSpecs.of(
            request,
            catalog,
            () -> ThreadLocalRandom.current().nextLong(SEEDS),
            base == null ? null : base.ref());
    Job job = queued(request, spec, key, digest);
    boolean made = base == null ? insert(job) : insertWithBase(job, base);
    return made
        ? new Submission(job, false)
        // Another request with the same key came first.
        : repeated(key, digest).orElseThrow(() -> new JobException.Unknown(job.id().toString()));
  }

  private boolean insert(Job job) {
    return QuarkusTransaction.requiringNew().call(() -> jobs.insert(job));
  }

  /// The base's bits are copied before there is a job, so that no search begins without them. The
  /// copy is to be swept unless the job's own transaction takes that back: it is left behind
  /// neither by a request that fails nor by a gateway that dies.
  private boolean insertWithBase(Job job, Base base) {
    base.check(job.spec());
    Instant sweptAt = job.createdAt().plus(LONGEST_SUBMISSION);
    sweeps.add(job.id(), false, sweptAt, sweptAt.plus(LONGEST_SUBMISSION));
    candidates.copy(base, job.id());
    return QuarkusTransaction.requiringNew()
        .call(
            () -> {
              boolean made = jobs.insert(job);
              if (made && !sweeps.remove(job.id(), sweptAt)) {
                throw new IllegalStateException(
                    "job %s took more than %s to make, and its base may be swept already"
                        .formatted(job.id(), LONGEST_SUBMISSION));
              }
              return made;
            });
  }

  private static Job queued(JobRequest request, JobSpec spec, @Nullable String key, String digest) {
    Instant now = Instant.now().truncatedTo(ChronoUnit.MICROS);
    Long deadlineMillis = spec.settings().deadlineMillis();
    return new Job(
        UUID.randomUUID(),
        TENANT,
        Objects.requireNonNullElse(request.priority(), 0),
        JobStatus.QUEUED,
        request,
        spec,
        Plan.size(SearchSpecs.of(spec)),
        key,
        digest,
        now,
        null,
        null,
        deadlineMillis == null ? null : now.plusMillis(deadlineMillis),
        null,
        false,
        null,
        "");
  }

  /// Finds a job.
  ///
  /// @throws JobException where there is none
  public Job get(UUID id) {
    return jobs.job(id).orElseThrow(() -> new JobException.Unknown(id.toString()));
  }

  /// Lists jobs, the newest first.
  public Page list(@Nullable JobStatus status, @Nullable Cursor before, int limit) {
    List<Job> found = jobs.newest(TENANT, status, before, limit + 1);
    return found.size() <= limit
        ? new Page(found, null)
        : new Page(found.subList(0, limit), Cursor.below(found.get(limit - 1)));
  }

  /// Ends a queued job, asks a running one to stop, and leaves an ended one as it is.
  ///
  /// @throws JobException where there is no such job
  public Cancellation cancel(UUID id) {
    boolean changed = QuarkusTransaction.requiringNew().call(() -> cancelLocked(id));
    return new Cancellation(get(id), changed);
  }

  private boolean cancelLocked(UUID id) {
    Job job = jobs.locked(id).orElseThrow(() -> new JobException.Unknown(id.toString()));
    return switch (job.status()) {
      case QUEUED -> {
        Instant now = Instant.now();
        events.append(
            List.of(QueuedEnd.of(job, JobStatus.CANCELLED, "it was cancelled in the queue", now)));
        yield true;
      }
      case RUNNING -> {
        if (!job.cancelRequested()) {
          jobs.requestCancel(id);
          outbox.add(List.of(new JobRecord.Cancelled(id.toString())));
        }
        yield true;
      }
      case FOUND, CANCELLED, EXPIRED, FAILED -> false;
    };
  }

  /// Removes an ended job with all that it left.
  ///
  /// @throws JobException where there is no such job, or it has not ended
  public void delete(UUID id) {
    Job job = get(id);
    if (!job.status().ended()) {
      throw new JobException.NotEnded(job);
    }
    // The row goes last: as long as it is there, deleting can be tried again.
    artifacts.deleteAll(ArtifactKeys.candidates(id.toString()));
    artifacts.deleteAll(ArtifactKeys.results(id.toString()));
    // Work of the job may still run, and store what it draws.
    Instant now = Instant.now();
    QuarkusTransaction.requiringNew()
        .run(
            () -> {
              sweeps.add(
                  id, true, now.plus(config.lateWork().dividedBy(60)), now.plus(config.lateWork()));
              jobs.remove(id);
            });
  }
}
