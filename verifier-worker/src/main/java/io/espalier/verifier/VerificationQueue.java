package io.espalier.verifier;

import io.espalier.artifacts.ArtifactException;
import io.espalier.artifacts.ArtifactStore;
import io.espalier.contracts.CandidatesKey;
import io.espalier.contracts.CandidatesRecord;
import io.espalier.contracts.ScoresRecord;
import io.espalier.contracts.Topics;
import io.espalier.flow.DeadLetters;
import io.espalier.flow.EndedJobs;
import io.espalier.flow.RecordSender;
import io.espalier.flow.Records;
import io.espalier.flow.TopicSetup;
import io.espalier.flow.UnreadableRecordException;
import io.espalier.flow.WorkKeys;
import io.espalier.flow.service.Bounds;
import io.espalier.flow.service.CatalogTeller;
import io.espalier.flow.service.FlowConfig;
import io.espalier.flow.service.ModelThreads;
import io.espalier.flow.service.RecentImages;
import io.espalier.flow.service.WorkQueues;
import io.espalier.models.Bundle;
import io.espalier.models.Bundles;
import io.espalier.models.Hardware;
import io.espalier.models.LoadedVerifier;
import io.espalier.models.OnnxVerifier;
import io.espalier.models.RemoteVerifier;
import io.espalier.models.SimulatedVerifier;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The queues of the verifiers that this worker serves: one consumer for each, so that a slow
/// verifier holds up no other. Images are gathered by number or delay, but for a remote verifier,
/// which is asked about each by itself. A candidate's offset is committed once its answer is on
/// the broker.
@Singleton
final class VerificationQueue {

  private static final Logger LOG = LoggerFactory.getLogger(VerificationQueue.class);

  private final VerifierWorkerConfig config;
  private final FlowConfig.Models models;
  private final Bundles bundles;
  private final TopicSetup topics;
  private final WorkQueues queues;
  private final ArtifactStore artifacts;
  private final RecentImages images;
  private final RecordSender sender;
  private final DeadLetters deadLetters;
  private final EndedJobs ended;
  private final ModelThreads threads;
  private final CatalogTeller catalog;
  private final List<LoadedVerifier> verifiers = new ArrayList<>();

  VerificationQueue(
      VerifierWorkerConfig config,
      FlowConfig flow,
      TopicSetup topics,
      WorkQueues queues,
      ArtifactStore artifacts,
      RecentImages images,
      RecordSender sender,
      DeadLetters deadLetters,
      EndedJobs ended,
      ModelThreads threads,
      CatalogTeller catalog) {
    this.config = config;
    this.models = flow.models();
    this.bundles = new Bundles(models.folder());
    this.topics = topics;
    this.queues = queues;
    this.artifacts = artifacts;
    this.images = images;
    this.sender = sender;
    this.deadLetters = deadLetters;
    this.ended = ended;
    this.threads = threads;
    this.catalog = catalog;
  }

  void start(@Observes StartupEvent event) throws InterruptedException {
    Bounds.of("espalier.verification.")
        .number("batch-size", config.batchSize(), 1, 10_000)
        .time("batch-delay", config.batchDelay(), Duration.ZERO, Duration.ofMinutes(1))
        .check();
    topics.ensure(config.verifiers().stream().map(Topics::candidates).toList());
    ended.start();
    Hardware hardware = Hardware.of(models.device(), threads.count(), Optional.empty());
    for (String name : config.verifiers()) {
      Bundle bundle = bundles.open(name);
      LoadedVerifier verifier = LoadedVerifier.open(name, bundle, hardware);
      verifiers.add(verifier);
      Verification verification =
          new Verification(
              verifier, bundle.digest(), artifacts, images, sender, threads, ended::contains);
      switch (verifier) {
        case OnnxVerifier _, SimulatedVerifier _ -> consume(name, verification);
        case RemoteVerifier remote -> consume(name, verification, remote.concurrency());
      }
      catalog.tell(VerifierEntries.of(name, bundle));
    }
  }

  private void consume(String name, Verification verification) {
    // One more than can be scored: while it is scored, another one's images are fetched.
    int batchesAtOnce = threads.count() + 1;
    Batches<ConsumerRecord<byte[], byte[]>> batches =
        new Batches<>(
            config.batchSize(),
            VerificationQueue::images,
            WorkKeys::jobId,
            config.batchDelay(),
            batchesAtOnce,
            records -> take(name, verification, records));
    queues.consume(
        Topics.candidates(name),
        "verification-" + name,
        config.batchSize() * batchesAtOnce,
        WorkKeys::jobId,
        batches::work);
  }

  /// How many images a record is about, by its key.
  private static int images(ConsumerRecord<byte[], byte[]> record) {
    try {
      return key(record).lineages().size();
    } catch (IllegalArgumentException _) {
      return 1; // laid aside once it is read
    }
  }

  private static CandidatesKey key(ConsumerRecord<byte[], byte[]> record) {
    byte[] key = record.key();
    if (key == null) {
      throw new IllegalArgumentException("there is no key");
    }
    return CandidatesKey.parse(new String(key, StandardCharsets.UTF_8));
  }

  /// Record by record: one that fails or takes long is no other's misfortune.
  private void consume(String name, Verification verification, int concurrency) {
    // One more than can be asked about: while they are, another one's image is fetched.
    queues.consume(
        Topics.candidates(name),
        "verification-" + name,
        concurrency + 1,
        WorkKeys::jobId,
        record -> take(name, verification, List.of(record)));
  }

  private void take(
      String name, Verification verification, List<ConsumerRecord<byte[], byte[]>> records) {
    List<CandidatesRecord> candidates = new ArrayList<>();
    for (ConsumerRecord<byte[], byte[]> record : records) {
      try {
        candidates.add(Records.read(record.value(), CandidatesRecord.class));
      } catch (UnreadableRecordException e) {
        answerFor(name, record, e.getMessage());
      }
    }
    while (true) {
      candidates.removeIf(candidate -> ended.contains(candidate.jobId()));
      if (candidates.isEmpty()) {
        return;
      }
      try {
        verification.score(candidates);
        return;
      } catch (ArtifactException.Unreachable e) {
        LOG.warn("{} candidates must wait for {}: {}", candidates.size(), name, e.getMessage());
      } catch (ArtifactException.Interrupted | CompletionException e) {
        throw e; // this process is stopping, or Kafka was away for too long
      } catch (RuntimeException e) {
        LOG.warn("{} candidates cannot be scored by {}", candidates.size(), name, e);
        candidates.forEach(candidate -> answerFor(name, candidate, String.valueOf(e.getMessage())));
        return;
      }
    }
  }

  private void answerFor(String verifier, ConsumerRecord<byte[], byte[]> record, String reason) {
    deadLetters.add(record, reason).join();
    try {
      CandidatesKey key = key(record);
      send(ScoresRecord.unscorable(key.jobId(), key.lineages(), verifier, reason));
    } catch (IllegalArgumentException e) {
      LOG.warn(
          "dropped record: neither its value nor its key could be parsed ({}, {}, {})",
          record.topic(),
          record.partition(),
          record.offset(),
          e);
    }
  }

  private void answerFor(String verifier, CandidatesRecord record, String reason) {
    send(
        new ScoresRecord(
            record.jobId(),
            verifier,
            List.of(),
            record.candidates().stream()
                .map(each -> new ScoresRecord.Failure(each.lineage(), each.drawn(), reason))
                .toList(),
            record.warnings(),
            record.spans()));
  }

  private void send(ScoresRecord answer) {
    sender.send(Topics.SCORES, answer.jobId(), answer).join();
  }

  void stop(@Observes ShutdownEvent event) {
    if (queues.stop()) {
      verifiers.forEach(LoadedVerifier::close);
    }
  }
}
