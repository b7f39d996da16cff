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
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Works on decisions. Blocking; safe for several threads.
///
/// A result is durable, so it is never given up for what can pass or be repaired. While the store
/// is away or busy, refuses its keys, has a full quota or has lost its bucket, a decision is not
/// done: [#take] logs that and throws, and the queue takes it again after a pause. A result is
/// given up only where no store could ever keep it: the record cannot be read, the answer's image
/// is gone, or the job's id cannot be part of a key. Then the job ends as failed, with the reason,
/// and the record becomes a dead letter.
final class Decisions {

  private static final Logger LOG = LoggerFactory.getLogger(Decisions.class);

  private final Finishing finishing;
  private final RecordSender sender;
  private final DeadLetters deadLetters;

  Decisions(ArtifactStore artifacts, RecordSender sender, DeadLetters deadLetters) {
    this.finishing = new Finishing(artifacts, sender);
    this.sender = sender;
    this.deadLetters = deadLetters;
  }

  /// Finishes a job, or gives it up; returns when its end is told.
  ///
  /// @throws ArtifactException where the decision must be taken again, after a pause
  void take(ConsumerRecord<byte[], byte[]> record) {
    try {
      finish(Records.read(record.value(), DecisionRecord.class));
    } catch (UnreadableRecordException e) {
      reject(record, e.getMessage());
    } catch (CompletionException e) {
      throw e; // Kafka was away for too long
    } catch (ArtifactException e) {
      if (canSucceed(e)) {
        throw e;
      }
      giveUp(record, e);
    } catch (RuntimeException e) {
      giveUp(record, e);
    }
  }

  private void finish(DecisionRecord decision) {
    try {
      finishing.finish(decision);
    } catch (ArtifactException e) {
      if (canSucceed(e)) {
        LOG.error(
            "the result of job {} is not stored yet; this is tried again until it is: {}",
            decision.jobId(),
            e.getMessage());
      }
      throw e;
    }
  }

  /// Whether the same work may succeed later, by itself or after an operator's repair.
  private static boolean canSucceed(ArtifactException error) {
    return switch (error) {
      case ArtifactException.Unreachable _,
          ArtifactException.Refused _,
          ArtifactException.Incomplete _,
          ArtifactException.Interrupted _ ->
          true;
      case ArtifactException.NotFound e -> e.bucketIsMissing();
      case ArtifactException.InvalidKey _ -> false;
    };
  }

  private void giveUp(ConsumerRecord<byte[], byte[]> record, RuntimeException error) {
    LOG.error("a job cannot be finished", error);
    reject(record, "the result cannot be written: " + error.getMessage());
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
