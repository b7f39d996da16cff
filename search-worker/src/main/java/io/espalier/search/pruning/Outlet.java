package io.espalier.search.pruning;

import io.espalier.beam.Decision;
import io.espalier.beam.Effect;
import io.espalier.beam.Lineage;
import io.espalier.beam.Rendition;
import io.espalier.beam.Slice;
import io.espalier.beam.Timing;
import io.espalier.contracts.CandidatesRecord;
import io.espalier.contracts.DecisionRecord;
import io.espalier.contracts.FrontierSlice;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.JobSpec;
import io.espalier.contracts.SliceKey;
import io.espalier.contracts.Topics;
import io.espalier.flow.Documents;
import io.espalier.flow.Records;
import io.espalier.flow.Renditions;
import io.espalier.flow.SearchSpecs;
import io.espalier.flow.TopicPlan;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;

/// Sends what a search wants done, each effect to its topic, within the running transaction.
final class Outlet {

  /// The sinks, by the names that the topology gives them.
  static final String FRONTIER = "frontier";

  static final String CANDIDATES = "candidates";

  static final String DECISIONS = "decisions";
  static final String EVENTS = "events";
  static final String ENDED = "ended";
  static final String DEAD_LETTERS = "dead-letters";

  /// The header that says which fleet's queue a slice or a candidate is for.
  static final String QUEUE = "espalier-queue";

  /// What was sent.
  ///
  /// @param slices how many slices the job has had by now
  /// @param decided whether the search has ended
  record Sent(int slices, boolean decided) {}

  /// For a record's key, headers and framing.
  private static final int ROOM = 1 << 16;

  private final ProcessorContext<byte[], byte[]> context;
  private final int sliceSize;

  Outlet(ProcessorContext<byte[], byte[]> context, int sliceSize) {
    this.context = context;
    this.sliceSize = sliceSize;
  }

  Sent carryOut(String jobId, JobSpec spec, Running job, List<Effect> effects) {
    int slices = job.slices();
    boolean decided = false;
    for (Effect effect : effects) {
      switch (effect) {
        case Effect.Expand(Slice slice, List<String> verifiers) -> {
          for (Slice piece : slice.cut(sliceSize)) {
            expand(jobId, spec, piece, verifiers, slices++);
          }
        }
        case Effect.Verify(String verifier, var images) -> verify(jobId, spec, verifier, images);
        case Effect.Tell(var report) -> {
          JobEvent event = Told.event(jobId, spec.generator().scales().size(), now(), report);
          send(EVENTS, jobId, event);
        }
        case Effect.Decide(long sequence, Decision decision) -> {
          decide(jobId, spec, job, sequence, decision);
          decided = true;
        }
      }
    }
    return new Sent(slices, decided);
  }

  private void expand(
      String jobId, JobSpec spec, Slice slice, List<String> verifiers, int ordinal) {
    List<String> branches = slice.branches().stream().map(Outlet::branch).toList();
    String parent = slice.parent().toString();
    FrontierSlice record =
        new FrontierSlice(
            jobId,
            spec,
            parent,
            slice.prefix().map(Renditions::drawn).orElse(null),
            slice.scale(),
            slice.depth(),
            branches,
            verifiers);
    send(
        FRONTIER,
        Topics.frontier(spec.generator().name()),
        new SliceKey(jobId, parent, branches, ordinal).toString(),
        record);
  }

  private void verify(String jobId, JobSpec spec, String name, Map<Lineage, Rendition> images) {
    JobSpec.VerifierRef verifier =
        spec.verifiers().stream()
            .filter(each -> each.name().equals(name))
            .findFirst()
            .orElseThrow();
    boolean features = SearchSpecs.of(spec).strategy().features().contains(name);
    List<CandidatesRecord.Candidate> candidates =
        images.entrySet().stream()
            .map(
                image ->
                    new CandidatesRecord.Candidate(
                        image.getKey().toString(), Renditions.drawn(image.getValue())))
            .toList();
    for (int from = 0; from < candidates.size(); from += sliceSize) {
      CandidatesRecord record =
          new CandidatesRecord(
              jobId,
              candidates.subList(from, Math.min(from + sliceSize, candidates.size())),
              spec.prompt(),
              verifier,
              features,
              List.of(),
              List.of());
      send(CANDIDATES, Topics.candidates(name), record.key().toString(), record);
    }
  }

  private void send(String sink, String queue, String key, Object record) {
    RecordHeaders headers = new RecordHeaders();
    headers.add(QUEUE, bytes(queue));
    context.forward(new Record<>(bytes(key), written(record), now(), headers), sink);
  }

  private static String branch(int branch) {
    return Lineage.root().child(branch).toString();
  }

  private void decide(String jobId, JobSpec spec, Running job, long sequence, Decision decision) {
    Timing timing = job.times().timing(now() - job.submittedAt());
    send(
        DECISIONS,
        jobId,
        new DecisionRecord(
            jobId,
            sequence,
            job.submittedAt(),
            Told.drawn(decision.answer()).orElse(null),
            Documents.tree(spec, decision),
            Documents.result(jobId, spec, decision, timing)));
  }

  /// Tells that a job's record cannot be taken.
  ///
  /// @param sequence 0 where there was no search, else [Long#MAX_VALUE]
  void reject(String jobId, long sequence, String reason) {
    send(EVENTS, jobId, new JobEvent.Rejected(jobId, sequence, now(), reason));
  }

  /// Tells workers that nothing of a job is wanted any more.
  void end(String jobId) {
    context.forward(new Record<>(bytes(jobId), new byte[0], now()), ENDED);
  }

  /// Lays a record aside that cannot be taken, with headers that say why.
  void layAside(Record<byte[], byte[]> record, String reason) {
    RecordMetadata from = context.recordMetadata().orElseThrow();
    RecordHeaders headers = new RecordHeaders(record.headers());
    headers.add("espalier-reason", bytes(reason));
    headers.add("espalier-topic", bytes(from.topic()));
    headers.add("espalier-partition", bytes(Integer.toString(from.partition())));
    headers.add("espalier-offset", bytes(Long.toString(from.offset())));
    context.forward(
        new Record<>(record.key(), record.value(), record.timestamp(), headers), DEAD_LETTERS);
  }

  private void send(String sink, String jobId, Object record) {
    context.forward(new Record<>(bytes(jobId), written(record), now()), sink);
  }

  /// A record that the broker would refuse must fail its job, and not the thread that sends it.
  private static byte[] written(Object record) {
    byte[] bytes = Records.write(record);
    if (bytes.length > TopicPlan.LARGEST_RECORD - ROOM) {
      throw new IllegalStateException(
          "a %s of %d bytes is larger than the %d that a record may have"
              .formatted(
                  record.getClass().getSimpleName(),
                  bytes.length,
                  TopicPlan.LARGEST_RECORD - ROOM));
    }
    return bytes;
  }

  private long now() {
    return context.currentSystemTimeMs();
  }

  private static byte[] bytes(String text) {
    return Objects.requireNonNull(text).getBytes(StandardCharsets.UTF_8);
  }
}
