package io.espalier.search.finishing;

import io.espalier.artifacts.ArtifactStore;
import io.espalier.beam.Png;
import io.espalier.contracts.ArtifactKeys;
import io.espalier.contracts.DecisionRecord;
import io.espalier.contracts.Drawn;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.ResultDocument;
import io.espalier.contracts.Topics;
import io.espalier.flow.Documents;
import io.espalier.flow.RecordSender;
import io.espalier.flow.slice.StoredSlices;
import java.nio.charset.StandardCharsets;

/// Writes results and tells that jobs have ended. Blocking. Done again, it writes the same
/// objects and tells the same event under the same number.
final class Finishing {

  private final ArtifactStore artifacts;
  private final StoredSlices slices;
  private final RecordSender sender;

  Finishing(ArtifactStore artifacts, RecordSender sender) {
    this.artifacts = artifacts;
    this.slices = new StoredSlices(artifacts);
    this.sender = sender;
  }

  /// Finishes a job; returns when its result is stored and its end is told.
  void finish(DecisionRecord decision) {
    String jobId = decision.jobId();
    Drawn answer = decision.answer();
    if (answer != null) {
      StoredSlices.Content content = slices.content(jobId, answer);
      artifacts.put(ArtifactKeys.resultImage(jobId), Png.encode(content.image()), "image/png");
      artifacts.put(
          ArtifactKeys.resultBits(jobId), content.bits().packed(), "application/octet-stream");
    }
    artifacts.put(
        ArtifactKeys.resultTree(jobId),
        Documents.json(decision.tree()).getBytes(StandardCharsets.UTF_8),
        "application/json");
    long now = System.currentTimeMillis();
    ResultDocument result = decision.result().tookMillis(now - decision.submittedAt());
    sender
        .send(Topics.EVENTS, jobId, new JobEvent.Ended(jobId, decision.sequence(), now, result))
        .join();
  }
}
