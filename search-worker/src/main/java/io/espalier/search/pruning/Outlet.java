package io.espalier.search.pruning;

import io.espalier.beam.Decision;
import io.espalier.beam.Effect;
import io.espalier.beam.Lineage;
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

  /// For a record's key, headers and framing.
  private static final int ROOM = 1 << 16;

  private final ProcessorContext<byte[], byte[]> context;

  Outlet(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
  }

  /// Tells what a search reports and decides.
  ///
  /// @return whether it has ended
  boolean tell(String jobId, JobSpec spec, Running job, List<Effect> effects) {
    boolean decided = false;
    for (Effect effect : effects) {
      switch (effect) {
        case Effect.Tell(var report) -> {
          JobEvent event = Told.event(jobId, spec.generator().scales().size(), now(), report);
          send(EVENTS, jobId, event);
        }
        case Effect.Decide(long sequence, Decision decision) -> {
          decide(jobId, spec, job, sequence, decision);
          decided = true;
        }
        case Effect.Expand _, Effect.Verify _ -> {} // handed out as work
      }
    }
    return decided;
  }

  /// Hands work to its fleets.
  ///
  /// @param slices how many slices the job has had
  /// @return how many it has had by now
  int handOut(String jobId, JobSpec spec, Work work, int slices) {
    return switch (work) {
      case Work.Draw draw -> {
        expand(jobId, spec, draw, slices);
        yield slices + 1;
      }
      case Work.Look look -> {
        look.verifiers().forEach(verifier -> verify(jobId, spec, verifier, look));
        yield slices;
      }
    };
  }

  private void expand(String jobId, JobSpec spec, Work.Draw draw, int ordinal) {
    List<String> branches = draw.branches().stream().map(Outlet::branch).toList();
    String parent = draw.parent().toString();
    FrontierSlice record =
        new FrontierSlice(
            jobId,
            spec,
            parent,
            draw.prefix().map(Renditions::drawn).orElse(null),
            draw.scale(),
            draw.depth(),
            branches,
            draw.verifiers());
    send(
        FRONTIER,
        Topics.frontier(spec.generator().name()),
        new SliceKey(jobId, parent, branches, ordinal).toString(),
        record);
  }

  private void verify(String jobId, JobSpec spec, String name, Work.Look look) {
    JobSpec.VerifierRef verifier =
        spec.verifiers().stream()
            .filter(each -> each.name().equals(name))
            .findFirst()
            .orElseThrow();
    boolean features = SearchSpecs.of(spec).strategy().features().contains(name);
    List<CandidatesRecord.Candidate> candidates =
        look.images().stream()
            .map(
                image ->
                    new CandidatesRecord.Candidate(
                        image.candidate().toString(), Renditions.drawn(image.rendition())))
            .toList();
    CandidatesRecord record =
        new CandidatesRecord(
            jobId, candidates, spec.prompt(), verifier, features, List.of(), List.of());
    send(CANDIDATES, Topics.candidates(name), record.key().toString(), record);
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
