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
import io.espalier.flow.service.WorkQueues;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The queue of decisions. A decision's offset is committed once its job's end is told.
@Singleton
public final class FinishingQueue {

  private static final Logger LOG = LoggerFactory.getLogger(FinishingQueue.class);
  private static final int AT_ONCE = 4;

  private final WorkQueues queues;
  private final Finishing finishing;
  private final RecordSender sender;
  private final DeadLetters deadLetters;

  FinishingQueue(
      WorkQueues queues, ArtifactStore artifacts, RecordSender sender, DeadLetters deadLetters) {
    this.queues = queues;
    this.finishing = new Finishing(artifacts, sender);
    this.sender = sender;
    this.deadLetters = deadLetters;
  }

  /// Begins to take decisions.
  public void start() {
    queues.consume(Topics.DECISIONS, "finishing", AT_ONCE, this::take);
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    try {
      finish(Records.read(record.value(), DecisionRecord.class));
    } catch (UnreadableRecordException e) {
      reject(record, e.getMessage());
    } catch (CompletionException e) {
      throw e; // Kafka was away for too long
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
}
