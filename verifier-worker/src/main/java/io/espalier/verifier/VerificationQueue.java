package io.espalier.verifier;

import io.espalier.artifacts.ArtifactException;
import io.espalier.artifacts.ArtifactStore;
import io.espalier.contracts.CandidateKey;
import io.espalier.contracts.CandidateRecord;
import io.espalier.contracts.ScoreRecord;
import io.espalier.contracts.Topics;
import io.espalier.flow.DeadLetters;
import io.espalier.flow.EndedJobs;
import io.espalier.flow.RecordSender;
import io.espalier.flow.Records;
import io.espalier.flow.TopicSetup;
import io.espalier.flow.UnreadableRecordException;
import io.espalier.flow.WorkQueue;
import io.espalier.flow.service.CatalogTeller;
import io.espalier.flow.service.FlowConfig;
import io.espalier.flow.service.ModelThreads;
import io.espalier.models.Bundle;
import io.espalier.models.Bundles;
import io.espalier.models.OnnxVerifier;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import io.smallrye.reactive.messaging.kafka.KafkaConnector;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.eclipse.microprofile.reactive.messaging.spi.Connector;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The queues of the verifiers that this worker serves: one consumer for each, so that a slow
/// verifier holds up no other. Images are gathered by number or delay. A candidate's offset is
/// committed once its answer is on the broker.
@Singleton
final class VerificationQueue {

  private static final Logger LOG = LoggerFactory.getLogger(VerificationQueue.class);

  private final VerifierWorkerConfig config;
  private final Bundles bundles;
  private final TopicSetup topics;
  private final KafkaConnector connector;
  private final ArtifactStore artifacts;
  private final RecordSender sender;
  private final DeadLetters deadLetters;
  private final EndedJobs ended;
  private final ModelThreads threads;
  private final CatalogTeller catalog;
  private final List<Cancellable> consumers = new ArrayList<>();
  private final List<OnnxVerifier> verifiers = new ArrayList<>();

  VerificationQueue(
      VerifierWorkerConfig config,
      FlowConfig flow,
      TopicSetup topics,
      @Connector(KafkaConnector.CONNECTOR_NAME) KafkaConnector connector,
      ArtifactStore artifacts,
      RecordSender sender,
      DeadLetters deadLetters,
      EndedJobs ended,
      ModelThreads threads,
      CatalogTeller catalog) {
    this.config = config;
    this.bundles = new Bundles(flow.models().folder());
    this.topics = topics;
    this.connector = connector;
    this.artifacts = artifacts;
    this.sender = sender;
    this.deadLetters = deadLetters;
    this.ended = ended;
    this.threads = threads;
    this.catalog = catalog;
  }

  void start(@Observes StartupEvent event) throws InterruptedException {
    topics.ensure(config.verifiers().stream().map(Topics::candidates).toList());
    for (String name : config.verifiers()) {
      Bundle bundle = bundles.open(name);
      OnnxVerifier verifier = new OnnxVerifier(name, bundle, 1);
      verifiers.add(verifier);
      Verification verification =
          new Verification(verifier, bundle.digest(), artifacts, sender, threads);
      consumers.add(consume(name, verification));
      catalog.tell(VerifierEntries.of(name, bundle));
    }
  }

  private Cancellable consume(String name, Verification verification) {
    return WorkQueue.open(
            connector,
            "candidates-" + name,
            Topics.candidates(name),
            "verification-" + name,
            Map.of())
        .group()
        .intoLists()
        .of(config.batchSize(), config.batchDelay())
        .onItem()
        .transformToUni(
            batch ->
                Uni.createFrom()
                    .voidItem()
                    .emitOn(threads.executor())
                    .invoke(
                        () ->
                            take(
                                name,
                                verification,
                                batch.stream().map(WorkQueue.Item::record).toList()))
                    .chain(() -> done(batch)))
        .merge(threads.count())
        .subscribe()
        .with(_ -> {}, error -> LOG.error("the queue of {} is no longer read", name, error));
  }

  private static Uni<Void> done(List<WorkQueue.Item> batch) {
    return Uni.join()
        .all(batch.stream().map(item -> Uni.createFrom().completionStage(item.done())).toList())
        .andFailFast()
        .replaceWithVoid();
  }

  private void take(
      String name, Verification verification, List<ConsumerRecord<byte[], byte[]>> records) {
    List<CandidateRecord> candidates = new ArrayList<>();
    for (ConsumerRecord<byte[], byte[]> record : records) {
      try {
        candidates.add(Records.read(record.value(), CandidateRecord.class));
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
      CandidateKey key = CandidateKey.parse(new String(record.key(), StandardCharsets.UTF_8));
      send(
          new ScoreRecord.Unscorable(
              key.jobId(), key.lineage(), null, verifier, reason, List.of(), List.of()));
    } catch (IllegalArgumentException | NullPointerException e) {
      LOG.warn("a candidate that nobody can read bears no key that anybody can read", e);
    }
  }

  private void answerFor(String verifier, CandidateRecord candidate, String reason) {
    send(
        new ScoreRecord.Unscorable(
            candidate.jobId(),
            candidate.lineage(),
            candidate.drawn(),
            verifier,
            reason,
            candidate.warnings(),
            candidate.spans()));
  }

  private void send(ScoreRecord.Unscorable answer) {
    CompletableFuture<Void> sent = sender.send(Topics.SCORES, answer.jobId(), answer);
    sent.join();
  }

  void stop(@Observes ShutdownEvent event) {
    consumers.forEach(Cancellable::cancel);
    verifiers.forEach(OnnxVerifier::close);
  }
}
