package io.espalier.verifier;

import io.espalier.artifacts.ArtifactException;
import io.espalier.artifacts.ArtifactStore;
import io.espalier.beam.Image;
import io.espalier.beam.Verifier;
import io.espalier.contracts.ArtifactKeys;
import io.espalier.contracts.CandidateRecord;
import io.espalier.contracts.ScoreRecord;
import io.espalier.contracts.Topics;
import io.espalier.flow.RecordSender;
import io.espalier.flow.service.InParallel;
import io.espalier.flow.service.ModelThreads;
import io.espalier.models.Png;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/// Scores candidates with one verifier. Blocking; called from several threads at once. An image
/// that is scored again gets the same score again.
final class Verification {

  private final Verifier verifier;
  private final String digest;
  private final ArtifactStore artifacts;
  private final RecordSender sender;
  private final ModelThreads threads;

  /// Makes a verification.
  ///
  /// @param digest the bundle's
  Verification(
      Verifier verifier,
      String digest,
      ArtifactStore artifacts,
      RecordSender sender,
      ModelThreads threads) {
    this.verifier = verifier;
    this.digest = digest;
    this.artifacts = artifacts;
    this.sender = sender;
    this.threads = threads;
  }

  private sealed interface Look {}

  private record Seen(CandidateRecord candidate, Image image, ScoreRecord.Span fetched)
      implements Look {}

  private record Unseen(CandidateRecord candidate, String reason) implements Look {}

  /// What may share a model call.
  private record Kind(String prompt, int width, int height) {}

  /// Scores a batch; returns when every answer is sent.
  void score(List<CandidateRecord> candidates) {
    Map<Kind, List<Seen>> batches = new LinkedHashMap<>();
    List<CompletableFuture<Void>> sent = new ArrayList<>();
    for (Look look : InParallel.map(candidates, this::look)) {
      switch (look) {
        case Seen seen ->
            batches
                .computeIfAbsent(
                    new Kind(
                        seen.candidate().prompt(), seen.image().width(), seen.image().height()),
                    _ -> new ArrayList<>())
                .add(seen);
        case Unseen(var candidate, var reason) -> sent.add(refuse(candidate, reason));
      }
    }
    batches.forEach((kind, batch) -> sent.addAll(call(kind.prompt(), batch)));
    CompletableFuture.allOf(sent.toArray(CompletableFuture[]::new)).join();
  }

  private Look look(CandidateRecord candidate) {
    if (!candidate.verifier().digest().equals(digest)) {
      return new Unseen(
          candidate,
          "the job was admitted for %s with the digest %s, but this fleet serves %s"
              .formatted(verifier.name(), candidate.verifier().digest(), digest));
    }
    try {
      return seen(candidate);
    } catch (IOException | ArtifactException.NotFound e) {
      return new Unseen(candidate, "the image cannot be read: " + e.getMessage());
    }
  }

  private Seen seen(CandidateRecord candidate) throws IOException {
    String key = ArtifactKeys.image(candidate.jobId(), candidate.drawn().image());
    long from = System.currentTimeMillis();
    byte[] png = artifacts.get(key);
    ScoreRecord.Span fetched =
        ScoreRecord.Span.of(ScoreRecord.Span.FETCH, from, System.currentTimeMillis(), 1);
    Image image = Png.decode(png);
    if (!image.digest().equals(candidate.drawn().image())) {
      throw new IOException(key + " holds another image than its name says");
    }
    return new Seen(candidate, image, fetched);
  }

  private Collection<CompletableFuture<Void>> call(String prompt, List<Seen> batch) {
    List<Image> images = batch.stream().map(Seen::image).toList();
    ModelThreads.Made<Verifier.Scores> made;
    try {
      Supplier<Verifier.Scores> call = () -> verifier.score(prompt, images);
      made =
          verifier
              .ownThreads()
              .map(own -> threads.callRemote(own, call))
              .orElseGet(() -> threads.call(call));
    } catch (RuntimeException e) {
      return batch.stream()
          .map(seen -> refuse(seen.candidate(), String.valueOf(e.getMessage())))
          .toList();
    }
    Verifier.Scores scores = made.result();
    ScoreRecord.Span span = made.span(ScoreRecord.Span.VERIFIER, batch.size());
    List<CompletableFuture<Void>> sent = new ArrayList<>();
    for (int i = 0; i < batch.size(); i++) {
      CandidateRecord candidate = batch.get(i).candidate();
      TreeSet<String> warnings = new TreeSet<>(candidate.warnings());
      warnings.addAll(scores.warnings());
      List<ScoreRecord.Span> spans = new ArrayList<>(candidate.spans());
      spans.add(batch.get(i).fetched());
      spans.add(span);
      sent.add(
          sender.send(
              Topics.SCORES,
              candidate.jobId(),
              new ScoreRecord.Scored(
                  candidate.jobId(),
                  candidate.lineage(),
                  candidate.drawn(),
                  verifier.name(),
                  scores.values()[i],
                  candidate.features() && !scores.features().isEmpty()
                      ? scores.features().get(i)
                      : List.of(),
                  List.copyOf(warnings),
                  spans)));
    }
    return sent;
  }

  private CompletableFuture<Void> refuse(CandidateRecord candidate, String reason) {
    return sender.send(
        Topics.SCORES,
        candidate.jobId(),
        new ScoreRecord.Unscorable(
            candidate.jobId(),
            candidate.lineage(),
            candidate.drawn(),
            verifier.name(),
            reason,
            candidate.warnings(),
            candidate.spans()));
  }
}
