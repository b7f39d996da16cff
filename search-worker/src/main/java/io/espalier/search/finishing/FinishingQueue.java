package io.espalier.search.finishing;

import io.espalier.artifacts.ArtifactStore;
import io.espalier.contracts.Topics;
import io.espalier.flow.DeadLetters;
import io.espalier.flow.RecordSender;
import io.espalier.flow.WorkKeys;
import io.espalier.flow.service.WorkQueues;
import jakarta.inject.Singleton;

/// The queue of decisions. A decision's offset is committed once its job's end is told. One that
/// cannot be finished yet is taken again after a pause, which grows to half a minute.
@Singleton
public final class FinishingQueue {

  private static final int AT_ONCE = 4;

  private final WorkQueues queues;
  private final Decisions decisions;

  FinishingQueue(
      WorkQueues queues, ArtifactStore artifacts, RecordSender sender, DeadLetters deadLetters) {
    this.queues = queues;
    this.decisions = new Decisions(artifacts, sender, deadLetters);
  }

  /// Begins to take decisions.
  public void start() {
    queues.consume(Topics.DECISIONS, "finishing", AT_ONCE, WorkKeys::jobId, decisions::take);
  }
}
