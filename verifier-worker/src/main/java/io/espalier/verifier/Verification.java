package io.espalier.verifier;

import io.espalier.artifacts.ArtifactException;
import io.espalier.artifacts.ArtifactStore;
import io.espalier.beam.Image;
import io.espalier.beam.Verifier;
import io.espalier.contracts.ArtifactKeys;
import io.espalier.contracts.CandidatesRecord;
import io.espalier.contracts.Drawn;
import io.espalier.contracts.ScoresRecord;
import io.espalier.contracts.Topics;
import io.espalier.flow.RecordSender;
import io.espalier.flow.service.InParallel;
import io.espalier.flow.service.ModelThreads;
import io.espalier.flow.service.RecentImages;
import io.espalier.flow.slice.DamagedSliceException;
import io.espalier.flow.slice.StoredSlices;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// Scores candidates with one verifier. Blocking; called from several threads at once. An image
/// that is scored again gets the same score again.
final class Verification {

  private final Verifier verifier;
  private final String digest;
  private final StoredSlices slices;
  private final RecentImages images;
  private final RecordSender sender;
  private final ModelThreads threads;
  private final Predicate<String> ended;

  /// Makes a verification.
  ///
  /// @param digest the bundle's
  /// @param ended whether a job has ended, so that nothing of it is scored any more
  Verification(
      Verifier verifier,
      String digest,
      ArtifactStore artifacts,
      RecentImages images,
      RecordSender sender,
      ModelThreads threads,
      Predicate<String> ended) {
    this.verifier = verifier;
    this.digest = digest;
    this.slices = new StoredSlices(artifacts);
    this.images = images;
    this.sender = sender;
    this.threads = threads;
    this.ended = ended;
  }

  /// A candidate and the answer that it is a part of.
  private record Wanted(Answered answer, CandidatesRecord.Candidate candidate) {
    Drawn drawn() {
      return candidate.drawn();
    }

    /// The key of the slice that it is in.
    String key() {
      return ArtifactKeys.slice(answer.record.jobId(), drawn().slice());
    }

    void fail(String reason) {
      answer.fail(candidate, reason);
    }
  }

  /// A candidate whose image is there.
  private record Seen(Wanted wanted, Image image) {}

  /// What a model call scored, and how.
  private record Called(List<Seen> scored, Verifier.Scores scores) {}

  /// What may share a model call.
  private record Kind(String prompt, int width, int height, boolean features) {
    static Kind of(Seen seen) {
      CandidatesRecord record = seen.wanted().answer().record;
      Image image = seen.image();
      return new Kind(record.prompt(), image.width(), image.height(), record.features());
    }
  }

  /// A record's answer while it is being made, by several threads.
  private static final class Answered {
    private final CandidatesRecord record;
    private final List<ScoresRecord.Score> scores = new ArrayList<>();
    private final List<ScoresRecord.Failure> failures = new ArrayList<>();
    private final Set<String> warnings;
    private final List<ScoresRecord.Span> spans;

    Answered(CandidatesRecord record) {
      this.record = record;
      this.warnings = new TreeSet<>(record.warnings());
      this.spans = new ArrayList<>(record.spans());
    }

    synchronized void score(
        CandidatesRecord.Candidate candidate, double score, List<Float> features) {
      scores.add(new ScoresRecord.Score(candidate.lineage(), candidate.drawn(), score, features));
    }

    synchronized void fail(CandidatesRecord.Candidate candidate, String reason) {
      failures.add(new ScoresRecord.Failure(candidate.lineage(), candidate.drawn(), reason));
    }

    synchronized void warn(Set<String> more) {
      warnings.addAll(more);
    }

    synchronized void spent(ScoresRecord.Span span) {
      spans.add(span);
    }

    synchronized ScoresRecord by(String verifier) {
      return new ScoresRecord(
          record.jobId(),
          verifier,
          List.copyOf(scores),
          List.copyOf(failures),
          List.copyOf(warnings),
          List.copyOf(spans));
    }
  }

  /// Scores the candidates of some records; returns when every record is answered.
  void score(List<CandidatesRecord> records) {
    List<Answered> answers = records.stream().map(Answered::new).toList();
    Map<Kind, List<Seen>> calls = new LinkedHashMap<>();
    for (Seen seen : look(answers)) {
      calls.computeIfAbsent(Kind.of(seen), _ -> new ArrayList<>()).add(seen);
    }
    Optional<Executor> own = verifier.ownThreads();
    calls.forEach(
        (kind, batch) -> {
          if (own.isEmpty()) {
            call(batch, () -> threads.call(() -> called(kind, batch)));
          } else {
            InParallel.run(
                batch,
                seen ->
                    call(
                        List.of(seen),
                        () -> threads.callRemote(own.get(), () -> called(kind, List.of(seen)))));
          }
        });
    List<CompletableFuture<Void>> sent =
        answers.stream()
            .filter(answer -> !ended.test(answer.record.jobId()))
            .map(
                answer ->
                    sender.send(Topics.SCORES, answer.record.jobId(), answer.by(verifier.name())))
            .toList();
    CompletableFuture.allOf(sent.toArray(CompletableFuture[]::new)).join();
  }

  private List<Seen> look(List<Answered> answers) {
    List<Wanted> wanted = new ArrayList<>();
    for (Answered answer : answers) {
      String asked = answer.record.verifier().digest();
      for (CandidatesRecord.Candidate candidate : answer.record.candidates()) {
        Wanted each = new Wanted(answer, candidate);
        if (asked.equals(digest)) {
          wanted.add(each);
        } else {
          each.fail(
              "the job was admitted for %s with the digest %s, but this fleet serves %s"
                  .formatted(verifier.name(), asked, digest));
        }
      }
    }
    Map<String, List<Wanted>> bySlice =
        wanted.stream()
            .collect(Collectors.groupingBy(Wanted::key, LinkedHashMap::new, Collectors.toList()));
    return InParallel.map(bySlice.values(), this::looked).stream().flatMap(List::stream).toList();
  }

  /// Looks at candidates of one slice.
  private List<Seen> looked(List<Wanted> wanted) {
    Map<String, Image> found;
    try {
      found = images.get(wanted.getFirst().drawn().slice(), () -> fetched(wanted.getFirst()));
    } catch (DamagedSliceException | ArtifactException.NotFound e) {
      wanted.forEach(each -> each.fail("the image cannot be read: " + e.getMessage()));
      return List.of();
    }
    List<Seen> seen = new ArrayList<>();
    for (Wanted each : wanted) {
      Image image = found.get(each.drawn().image());
      if (image == null) {
        each.fail("the image cannot be read: %s does not hold it".formatted(each.key()));
      } else {
        seen.add(new Seen(each, image));
      }
    }
    return seen;
  }

  private Map<String, Image> fetched(Wanted wanted) {
    long from = System.currentTimeMillis();
    Map<String, Image> fetched =
        slices.images(wanted.answer().record.jobId(), wanted.drawn().slice());
    wanted
        .answer()
        .spent(ScoresRecord.Span.of(ScoresRecord.Span.FETCH, from, System.currentTimeMillis(), 1));
    return fetched;
  }

  /// Scores what is still wanted. For the model's thread, since a batch may wait for one for long.
  private Called called(Kind kind, List<Seen> batch) {
    List<Seen> wanted =
        batch.stream().filter(seen -> !ended.test(seen.wanted().answer().record.jobId())).toList();
    if (wanted.isEmpty()) {
      return new Called(wanted, new Verifier.Scores(new double[0], Set.of()));
    }
    List<Image> pictures = wanted.stream().map(Seen::image).toList();
    return new Called(
        wanted,
        kind.features()
            ? verifier.scoreWithFeatures(kind.prompt(), pictures)
            : verifier.score(kind.prompt(), pictures));
  }

  private static void call(List<Seen> batch, Supplier<ModelThreads.Made<Called>> model) {
    ModelThreads.Made<Called> made;
    try {
      made = model.get();
    } catch (RuntimeException e) {
      batch.forEach(seen -> seen.wanted().fail(String.valueOf(e.getMessage())));
      return;
    }
    List<Seen> scored = made.result().scored();
    Verifier.Scores scores = made.result().scores();
    Map<Answered, Integer> parts = new LinkedHashMap<>();
    for (int i = 0; i < scored.size(); i++) {
      Wanted wanted = scored.get(i).wanted();
      wanted.answer().score(wanted.candidate(), scores.values()[i], scores.features(i));
      parts.merge(wanted.answer(), 1, Integer::sum);
    }
    parts.forEach(
        (answer, count) -> {
          answer.warn(scores.warnings());
          answer.spent(made.span(ScoresRecord.Span.VERIFIER, (double) count / scored.size()));
        });
  }
}
