package io.espalier.search.expansion;

import io.espalier.artifacts.ArtifactStore;
import io.espalier.beam.Bits;
import io.espalier.beam.Drawing;
import io.espalier.beam.Generator;
import io.espalier.beam.Image;
import io.espalier.beam.Lineage;
import io.espalier.beam.Schedule;
import io.espalier.beam.SearchSpec;
import io.espalier.beam.Slice;
import io.espalier.beam.Strategy;
import io.espalier.contracts.CandidatesRecord;
import io.espalier.contracts.Drawn;
import io.espalier.contracts.FrontierSlice;
import io.espalier.contracts.JobSpec;
import io.espalier.contracts.ScoresRecord;
import io.espalier.contracts.Topics;
import io.espalier.flow.RecordSender;
import io.espalier.flow.Renditions;
import io.espalier.flow.SearchSpecs;
import io.espalier.flow.service.ModelThreads;
import io.espalier.flow.service.RecentImages;
import io.espalier.flow.slice.StoredSlices;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/// Draws slices with one generator, stores what it draws and hands it to the verifiers. Blocking;
/// called from several threads at once. A slice that is drawn again writes the same artifacts and
/// sends the same records again.
final class Expansion {

  private final Generator generator;
  private final String digest;
  private final StoredSlices slices;
  private final RecentBits recent;
  private final RecentImages images;
  private final RecordSender sender;
  private final ModelThreads threads;
  private final Predicate<String> ended;

  /// Makes an expansion.
  ///
  /// @param digest the bundle's
  /// @param ended whether a job has ended, so that nothing of it is drawn any more
  Expansion(
      Generator generator,
      String digest,
      ArtifactStore artifacts,
      RecentImages images,
      RecordSender sender,
      ModelThreads threads,
      Predicate<String> ended) {
    this.generator = generator;
    this.digest = digest;
    this.slices = new StoredSlices(artifacts);
    this.recent = new RecentBits();
    this.images = images;
    this.sender = sender;
    this.threads = threads;
    this.ended = ended;
  }

  /// Draws a slice; returns when all that came of it is stored and sent, or when its job has ended.
  void expand(FrontierSlice record) {
    JobSpec job = record.spec();
    if (!job.generator().digest().equals(digest)) {
      throw new IllegalStateException(
          "the job was admitted for %s %s with the digest %s, but this fleet serves %s"
              .formatted(
                  job.generator().name(),
                  job.generator().version(),
                  job.generator().digest(),
                  digest));
    }
    SearchSpec spec = SearchSpecs.of(job);
    Slice slice = slice(record);
    Bits parent = parent(record, spec.schedule());
    // Asked on the model's thread, since a slice may wait for one for long.
    ModelThreads.Made<Optional<Generator.Drawn>> made =
        threads.call(
            () ->
                ended.test(record.jobId())
                    ? Optional.empty()
                    : Optional.of(generator.draw(spec, slice, parent)));
    if (made.result().isEmpty()) {
      return;
    }
    Generator.Drawn drawn = made.result().get();
    long from = System.currentTimeMillis();
    List<CandidatesRecord.Candidate> candidates = store(record.jobId(), drawn.drawings());
    ScoresRecord.Span stored =
        ScoresRecord.Span.of(ScoresRecord.Span.STORE, from, System.currentTimeMillis(), 1);
    send(
        record,
        spec.strategy(),
        candidates,
        List.copyOf(drawn.warnings()),
        List.of(made.span(ScoresRecord.Span.GENERATOR, 1), stored));
  }

  private static Slice slice(FrontierSlice record) {
    Lineage parent = Lineage.parse(record.parent());
    return new Slice(
        parent,
        Optional.ofNullable(record.prefix()).map(Renditions::of),
        record.scale(),
        record.depth(),
        record.branches().stream().map(branch -> Lineage.parse(branch).branch()).toList());
  }

  private Bits parent(FrontierSlice record, Schedule schedule) {
    int perToken = generator.bitsPerToken();
    Drawn prefix = record.prefix();
    if (prefix == null) {
      return Bits.none(perToken);
    }
    int longest = Math.ceilDiv(schedule.tokens(1, schedule.scales()) * perToken, Byte.SIZE);
    return recent.get(prefix.bits(), () -> slices.bits(record.jobId(), prefix, longest));
  }

  /// Keeps what was drawn, in the store and in this process.
  private List<CandidatesRecord.Candidate> store(String jobId, List<Drawing> drawings) {
    List<Drawn> stored = slices.put(jobId, drawings);
    Map<String, Image> byDigest = new HashMap<>();
    List<CandidatesRecord.Candidate> candidates = new ArrayList<>();
    for (Drawn each : stored) {
      Drawing drawing = drawings.get(each.index());
      recent.put(each.bits(), drawing.bits());
      byDigest.put(each.image(), drawing.image());
      candidates.add(new CandidatesRecord.Candidate(drawing.lineage().toString(), each));
    }
    images.put(stored.getFirst().slice(), byDigest);
    return candidates;
  }

  private void send(
      FrontierSlice slice,
      Strategy strategy,
      List<CandidatesRecord.Candidate> candidates,
      List<String> warnings,
      List<ScoresRecord.Span> told) {
    List<JobSpec.VerifierRef> verifiers =
        slice.spec().verifiers().stream()
            .filter(verifier -> slice.verifiers().contains(verifier.name()))
            .toList();
    List<CompletableFuture<Void>> sent = new ArrayList<>();
    List<ScoresRecord.Span> spans = told;
    for (JobSpec.VerifierRef verifier : verifiers) {
      CandidatesRecord record =
          new CandidatesRecord(
              slice.jobId(),
              candidates,
              slice.spec().prompt(),
              verifier,
              strategy.features().contains(verifier.name()),
              warnings,
              spans);
      sent.add(sender.send(Topics.candidates(verifier.name()), record.key().toString(), record));
      spans = List.of();
    }
    CompletableFuture.allOf(sent.toArray(CompletableFuture[]::new)).join();
  }
}
