package io.espalier.search.finishing;

import io.espalier.artifacts.ArtifactException;
import io.espalier.artifacts.ArtifactStore;
import io.espalier.contracts.DecisionRecord;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.Topics;
import io.espalier.flow.DeadLetters;
import io.espalier.flow.RecordSender;
import io.espalier.flow.Records;
import io.espalier.flow.UnreadableRecordException;
import io.espalier.flow.WorkQueue;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import io.smallrye.mutiny.subscription.Cancellable;
import io.smallrye.reactive.messaging.kafka.KafkaConnector;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.eclipse.microprofile.reactive.messaging.spi.Connector;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The queue of decisions. A decision's offset is committed once its job's end is told.
@Singleton
public final class FinishingQueue {

  private static final Logger LOG = LoggerFactory.getLogger(FinishingQueue.class);
  private static final int AT_ONCE = 4;

  private final KafkaConnector connector;
  private final Finishing finishing;
  private final RecordSender sender;
  private final DeadLetters deadLetters;
  private @Nullable Cancellable consumer;

  FinishingQueue(
      @Connector(KafkaConnector.CONNECTOR_NAME) KafkaConnector connector,
      ArtifactStore artifacts,
      RecordSender sender,
      DeadLetters deadLetters) {
    this.connector = connector;
    this.finishing = new Finishing(artifacts, sender);
    this.sender = sender;
    this.deadLetters = deadLetters;
  }

  /// Begins to take decisions.
  public void start() {
    consumer =
        WorkQueue.open(connector, "decisions", Topics.DECISIONS, "finishing", Map.of())
            .onItem()
            .transformToUni(
                item ->
                    Uni.createFrom()
                        .voidItem()
                        .emitOn(Infrastructure.getDefaultWorkerPool())
                        .invoke(() -> take(item.record()))
                        .chain(() -> Uni.createFrom().completionStage(item.done())))
            .merge(AT_ONCE)
            .subscribe()
            .with(_ -> {}, error -> LOG.error("decisions are no longer read", error));
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    try {
      finish(Records.read(record.value(), DecisionRecord.class));
    } catch (UnreadableRecordException e) {
      reject(record, e.getMessage());
    } catch (RuntimeException e) {
      LOG.error("a job cannot be finished", e);
      reject(record, "the result cannot be written: " + e.getMessage());
    }
  }

  /// Goes on trying while the store is away: a result is never given up for that.
  private void finish(DecisionRecord decision) {
    while (true) {
      try {
        finishing.finish(decision);
        return;
      } catch (ArtifactException.Unreachable e) {
        LOG.warn("job {} cannot be finished yet: {}", decision.jobId(), e.getMessage());
      }
    }
  }

  private void reject(ConsumerRecord<byte[], byte[]> record, String reason) {
    deadLetters.add(record, reason).join();
    if (record.key() != null) {
      String jobId = new String(record.key(), StandardCharsets.UTF_8);
      sender
          .send(
              Topics.EVENTS,
              jobId,
              new JobEvent.Rejected(jobId, Long.MAX_VALUE, System.currentTimeMillis(), reason))
          .join();
    }
  }

  /// Takes no more decisions.
  public void stop() {
    if (consumer != null) {
      consumer.cancel();
    }
  }
}
