package io.espalier.search.expansion;

import io.espalier.artifacts.ArtifactException;
import io.espalier.artifacts.ArtifactStore;
import io.espalier.contracts.FrontierSlice;
import io.espalier.contracts.ScoresRecord;
import io.espalier.contracts.SliceKey;
import io.espalier.contracts.Topics;
import io.espalier.flow.DeadLetters;
import io.espalier.flow.EndedJobs;
import io.espalier.flow.RecordSender;
import io.espalier.flow.Records;
import io.espalier.flow.TopicSetup;
import io.espalier.flow.UnreadableRecordException;
import io.espalier.flow.WorkKeys;
import io.espalier.flow.service.CatalogTeller;
import io.espalier.flow.service.FlowConfig;
import io.espalier.flow.service.ModelThreads;
import io.espalier.flow.service.RecentImages;
import io.espalier.flow.service.WorkQueues;
import io.espalier.models.Bundle;
import io.espalier.models.Bundles;
import io.espalier.models.Hardware;
import io.espalier.models.LoadedGenerator;
import io.espalier.search.SearchWorkerConfig;
import io.quarkus.runtime.configuration.MemorySize;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The queues of the generators that this worker serves. A slice's offset is committed once all
/// that came of it is on the broker.
@Singleton
public final class ExpansionQueue {

  private static final Logger LOG = LoggerFactory.getLogger(ExpansionQueue.class);

  private final SearchWorkerConfig.Expansion config;
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
  private final List<LoadedGenerator> generators = new ArrayList<>();

  ExpansionQueue(
      SearchWorkerConfig config,
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
    this.config = config.expansion();
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

  /// Loads the generators and begins to take slices.
  ///
  /// @throws InterruptedException where the calling thread is interrupted while the broker is
  ///     away
  public void start() throws InterruptedException {
    ended.start();
    Hardware hardware =
        Hardware.of(models.device(), threads.count(), models.memory().map(MemorySize::asLongValue));
    for (String installed : config.generators()) {
      Bundle bundle = bundles.open(installed);
      String name = bundle.manifest().name();
      topics.ensure(List.of(Topics.frontier(name)));
      LoadedGenerator generator = LoadedGenerator.open(bundle, hardware);
      generators.add(generator);
      Expansion expansion =
          new Expansion(
              generator, bundle.digest(), artifacts, images, sender, threads, ended::contains);
      consume(name, expansion);
      catalog.tell(GeneratorEntries.of(bundle));
    }
  }

  private void consume(String name, Expansion expansion) {
    // One more than can be drawn: while it draws, another one is fetched or stored.
    queues.consume(
        Topics.frontier(name),
        "expansion-" + name,
        config.concurrency().orElse(threads.count() + 1),
        WorkKeys::jobId,
        record -> take(expansion, record));
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
      } catch (ArtifactException.Interrupted | CompletionException e) {
        throw e; // this process is stopping, or Kafka was away for too long
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
      sent.add(
          sender.send(
              Topics.SCORES,
              key.jobId(),
              ScoresRecord.unscorable(
                  key.jobId(), key.candidates(), ScoresRecord.EVERY_VERIFIER, reason)));
    } catch (IllegalArgumentException | NullPointerException e) {
      LOG.warn(
          "dropped record: neither its value nor its key could be parsed ({}, {}, {})",
          record.topic(),
          record.partition(),
          record.offset(),
          e);
    }
    CompletableFuture.allOf(sent.toArray(CompletableFuture[]::new)).join();
  }

  /// Unloads the generators, once nothing is drawn any more.
  public void close() {
    generators.forEach(LoadedGenerator::close);
  }
}
