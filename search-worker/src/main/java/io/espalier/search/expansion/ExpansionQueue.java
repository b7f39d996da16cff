package io.espalier.search.expansion;

import io.espalier.artifacts.ArtifactException;
import io.espalier.artifacts.ArtifactStore;
import io.espalier.contracts.FrontierSlice;
import io.espalier.contracts.ScoreRecord;
import io.espalier.contracts.SliceKey;
import io.espalier.contracts.Topics;
import io.espalier.flow.DeadLetters;
import io.espalier.flow.EndedJobs;
import io.espalier.flow.RecordSender;
import io.espalier.flow.Records;
import io.espalier.flow.UnreadableRecordException;
import io.espalier.flow.WorkQueue;
import io.espalier.flow.service.CatalogTeller;
import io.espalier.flow.service.FlowConfig;
import io.espalier.flow.service.ModelThreads;
import io.espalier.models.Bundle;
import io.espalier.models.Bundles;
import io.espalier.models.OnnxGenerator;
import io.espalier.search.SearchWorkerConfig;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import io.smallrye.reactive.messaging.kafka.KafkaConnector;
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

/// The queues of the generators that this worker serves. A slice's offset is committed once all
/// that came of it is on the broker.
@Singleton
public final class ExpansionQueue {

  private static final Logger LOG = LoggerFactory.getLogger(ExpansionQueue.class);

  private final SearchWorkerConfig.Expansion config;
  private final Bundles bundles;
  private final KafkaConnector connector;
  private final ArtifactStore artifacts;
  private final RecordSender sender;
  private final DeadLetters deadLetters;
  private final EndedJobs ended;
  private final ModelThreads threads;
  private final CatalogTeller catalog;
  private final List<Cancellable> consumers = new ArrayList<>();
  private final List<OnnxGenerator> generators = new ArrayList<>();

  ExpansionQueue(
      SearchWorkerConfig config,
      FlowConfig flow,
      @Connector(KafkaConnector.CONNECTOR_NAME) KafkaConnector connector,
      ArtifactStore artifacts,
      RecordSender sender,
      DeadLetters deadLetters,
      EndedJobs ended,
      ModelThreads threads,
      CatalogTeller catalog) {
    this.config = config.expansion();
    this.bundles = new Bundles(flow.models().folder());
    this.connector = connector;
    this.artifacts = artifacts;
    this.sender = sender;
    this.deadLetters = deadLetters;
    this.ended = ended;
    this.threads = threads;
    this.catalog = catalog;
  }

  /// Loads the generators and begins to take slices.
  public void start() {
    for (String name : config.generators()) {
      Bundle bundle = bundles.open(name);
      OnnxGenerator generator = new OnnxGenerator(bundle, 1);
      generators.add(generator);
      Expansion expansion = new Expansion(generator, bundle.digest(), artifacts, sender, threads);
      consumers.add(consume(name, expansion));
      catalog.tell(GeneratorEntries.of(name, bundle));
    }
  }

  private Cancellable consume(String name, Expansion expansion) {
    return WorkQueue.open(
            connector, "frontier-" + name, Topics.frontier(name), "expansion-" + name, Map.of())
        .onItem()
        .transformToUni(
            item ->
                Uni.createFrom()
                    .voidItem()
                    .emitOn(threads.executor())
                    .invoke(() -> take(expansion, item.record()))
                    .chain(() -> Uni.createFrom().completionStage(item.done())))
        .merge(config.concurrency().orElse(threads.count()))
        .subscribe()
        .with(_ -> {}, error -> LOG.error("the queue of {} is no longer read", name, error));
  }

  private void take(Expansion expansion, ConsumerRecord<byte[], byte[]> record) {
    FrontierSlice slice;
    try {
      slice = Records.read(record.value(), FrontierSlice.class);
    } catch (UnreadableRecordException e) {
      answerFor(record, e.getMessage());
      return;
    }
    while (!ended.contains(slice.jobId())) {
      try {
        expansion.expand(slice);
        return;
      } catch (ArtifactException.Unreachable e) {
        LOG.warn("a slice of job {} must wait: {}", slice.jobId(), e.getMessage());
      } catch (RuntimeException e) {
        LOG.warn("a slice of job {} cannot be drawn", slice.jobId(), e);
        answerFor(record, String.valueOf(e.getMessage()));
        return;
      }
    }
  }

  /// Lays a record aside and tells pruning that its candidates will never come.
  private void answerFor(ConsumerRecord<byte[], byte[]> record, String reason) {
    List<CompletableFuture<Void>> sent = new ArrayList<>();
    sent.add(deadLetters.add(record, reason));
    try {
      SliceKey key = SliceKey.parse(new String(record.key(), StandardCharsets.UTF_8));
      for (String candidate : key.candidates()) {
        sent.add(
            sender.send(
                Topics.SCORES,
                key.jobId(),
                new ScoreRecord.Unscorable(
                    key.jobId(),
                    candidate,
                    null,
                    ScoreRecord.EVERY_VERIFIER,
                    reason,
                    List.of(),
                    List.of())));
      }
    } catch (IllegalArgumentException | NullPointerException e) {
      LOG.warn("a slice that nobody can read bears no key that anybody can read", e);
    }
    CompletableFuture.allOf(sent.toArray(CompletableFuture[]::new)).join();
  }

  /// Takes no more slices; what is running is drawn again elsewhere.
  public void stop() {
    consumers.forEach(Cancellable::cancel);
    generators.forEach(OnnxGenerator::close);
  }
}
