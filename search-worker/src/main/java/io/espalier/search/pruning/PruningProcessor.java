package io.espalier.search.pruning;

import io.espalier.beam.InvalidSearchException;
import io.espalier.beam.Pruning;
import io.espalier.beam.SearchEvent;
import io.espalier.beam.SearchSpec;
import io.espalier.beam.Transition;
import io.espalier.contracts.JobRecord;
import io.espalier.contracts.JobSpec;
import io.espalier.contracts.ScoresRecord;
import io.espalier.contracts.Topics;
import io.espalier.flow.Records;
import io.espalier.flow.SearchSpecs;
import io.espalier.flow.UnreadableRecordException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.WindowStoreIterator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Runs the searches of one partition. Kafka Streams calls it on one thread, and commits its
/// input, its state and its output together. It never throws: a record that cannot be taken is
/// laid aside, a search that cannot go on ends as failed.
@SuppressWarnings("NullAway.Init") // Kafka Streams calls init before anything else
final class PruningProcessor implements Processor<byte[], byte[], byte[], byte[]> {

  static final String SPECS = "specs";
  static final String RUNNING = "running";
  static final String CANDIDATES = "siblings";
  static final String WAITING = "waiting";
  static final String ENDED = "ended";

  private static final Logger LOG = LoggerFactory.getLogger(PruningProcessor.class);
  /// How far ahead the clock of the worker that noted an end may have been.
  private static final Duration CLOCKS_DIFFER = Duration.ofHours(1);

  private static final Duration DEADLINE_CHECK = Duration.ofMillis(250);

  private final Queues queues;
  private final int sliceSize;
  private final int window;
  private final Duration remembered;

  private final Deadlines deadlines = new Deadlines();

  private Outlet outlet;
  private ProcessorContext<byte[], byte[]> context;
  private KeyValueStore<String, JobSpec> specs;
  private KeyValueStore<String, Running> running;
  private KeyValueStore<String, Siblings> candidates;
  private KeyValueStore<String, Work> waiting;
  private WindowStore<String, byte[]> ended;

  /// Makes a processor.
  ///
  /// @param sliceSize the most branches that one expansion takes
  /// @param window while fewer candidates of a search than this are drawn or scored, one more slice
  ///     of it is handed out
  /// @param remembered how long an ended job's later records are still known as such
  PruningProcessor(Queues queues, int sliceSize, int window, Duration remembered) {
    this.queues = queues;
    this.sliceSize = sliceSize;
    this.window = window;
    this.remembered = remembered;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
    outlet = new Outlet(context);
    specs = context.getStateStore(SPECS);
    running = context.getStateStore(RUNNING);
    candidates = context.getStateStore(CANDIDATES);
    waiting = context.getStateStore(WAITING);
    ended = context.getStateStore(ENDED);
    context.schedule(DEADLINE_CHECK, PunctuationType.WALL_CLOCK_TIME, this::expire);
    try (KeyValueIterator<String, Running> jobs = running.all()) {
      jobs.forEachRemaining(job -> note(job.key, job.value));
    }
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    if (record.key() == null || record.value() == null) {
      outlet.layAside(record, "a record needs a key and a value");
      return;
    }
    String jobId = new String(record.key(), StandardCharsets.UTF_8);
    boolean job = context.recordMetadata().orElseThrow().topic().equals(Topics.JOBS);
    try {
      if (job) {
        take(jobId, Records.read(record.value(), JobRecord.class));
      } else {
        take(jobId, Records.read(record.value(), ScoresRecord.class));
      }
    } catch (UnreadableRecordException e) {
      outlet.layAside(record, e.getMessage());
      if (job) {
        reject(jobId, e.getMessage());
      }
    } catch (KafkaException e) {
      throw e; // not the job's fault: Streams takes the record again, here or elsewhere
    } catch (RuntimeException e) {
      LOG.error("job {} cannot go on", jobId, e);
      outlet.layAside(record, e.toString());
      fail(jobId, e);
    }
  }

  private void take(String jobId, JobRecord record) {
    if (hasEnded(jobId)) {
      return;
    }
    switch (record) {
      case JobRecord.Submitted job -> {
        if (running.get(jobId) == null) {
          submit(jobId, job);
        }
      }
      case JobRecord.Cancelled _ -> {
        if (running.get(jobId) == null) {
          // It never came, or its state is lost; the gateway must not wait for an end of it.
          reject(jobId, Long.MAX_VALUE, "it was cancelled, and no search of it is running");
        } else {
          apply(jobId, new SearchEvent.Cancelled());
        }
      }
    }
  }

  private void submit(String jobId, JobRecord.Submitted job) {
    try {
      for (String queue : queues(job.spec())) {
        if (!queues.exist(queue)) {
          reject(jobId, "there is no topic " + queue + ", so nobody serves what the job needs");
          return;
        }
      }
      Transition begun = Pruning.submit(SearchSpecs.of(job.spec()));
      specs.put(jobId, job.spec());
      Running header = Running.begin(job, begun.state());
      note(jobId, header);
      carryOut(jobId, header, candidates(jobId), begun);
    } catch (InvalidSearchException e) {
      reject(jobId, e.getMessage());
    }
  }

  private static List<String> queues(JobSpec spec) {
    List<String> topics = new ArrayList<>();
    topics.add(Topics.frontier(spec.generator().name()));
    spec.verifiers().forEach(verifier -> topics.add(Topics.candidates(verifier.name())));
    return topics;
  }

  private void take(String jobId, ScoresRecord record) {
    Running before = running.get(jobId);
    if (before != null) {
      apply(jobId, before, Answers.of(record, specs.get(jobId)), record.spans());
    }
  }

  private void apply(String jobId, SearchEvent event) {
    apply(jobId, running.get(jobId), List.of(event), List.of());
  }

  /// Applies events to a running search. Where they change nothing, the model calls behind them are
  /// none of the search's.
  private void apply(
      String jobId,
      Running before,
      List<? extends SearchEvent> events,
      List<ScoresRecord.Span> spans) {
    SearchSpec spec = SearchSpecs.of(specs.get(jobId));
    KeptCandidates rows = candidates(jobId);
    Transition turn = Pruning.on(before.state(spec), rows, events);
    if (!turn.rows().isEmpty() || !turn.effects().isEmpty()) {
      carryOut(jobId, before.withTimes(before.times().plus(spans)), rows, turn);
    }
  }

  private void carryOut(String jobId, Running before, KeptCandidates rows, Transition turn) {
    JobSpec spec = specs.get(jobId);
    Running now = before.with(turn.state());
    if (outlet.tell(jobId, spec, now, turn.effects())) {
      forget(jobId);
    } else {
      rows.put(turn.rows());
      running.put(jobId, handOut(jobId, spec, now, Work.of(turn.effects(), sliceSize)));
    }
  }

  private KeptCandidates candidates(String jobId) {
    return new KeptCandidates(candidates, jobId);
  }

  /// Hands out what waits, and then what is new, as far as the window goes. What is awaited and
  /// does not wait here is with the fleets. So where nothing is, there is room in the window.
  private Running handOut(String jobId, JobSpec spec, Running job, List<Work> work) {
    Backlog backlog = new Backlog(waiting, jobId, job.waiting());
    backlog.add(work);
    int slices = job.slices();
    while (backlog.candidates() > 0 && job.search().awaited() - backlog.candidates() < window) {
      slices = outlet.handOut(jobId, spec, backlog.take(sliceSize), slices);
    }
    return job.with(backlog.store(), slices);
  }

  /// Drops what is known of a job but that it has ended, and tells workers.
  private void forget(String jobId) {
    candidates(jobId).deleteAll();
    new Backlog(waiting, jobId, Backlog.Waiting.NONE).deleteAll();
    running.delete(jobId);
    deadlines.remove(jobId);
    specs.delete(jobId);
    end(jobId);
  }

  private boolean hasEnded(String jobId) {
    long now = context.currentSystemTimeMs();
    try (WindowStoreIterator<byte[]> ends =
        ended.fetch(jobId, now - remembered.toMillis(), now + CLOCKS_DIFFER.toMillis())) {
      return ends.hasNext();
    }
  }

  private void note(String jobId, Running job) {
    Long deadline = job.deadlineAt();
    if (deadline != null) {
      deadlines.add(jobId, deadline);
    }
  }

  private void end(String jobId) {
    ended.put(jobId, new byte[0], context.currentSystemTimeMs());
    outlet.end(jobId);
  }

  private void reject(String jobId, String reason) {
    reject(jobId, 0, reason);
  }

  private void reject(String jobId, long sequence, String reason) {
    if (running.get(jobId) == null && !hasEnded(jobId)) {
      end(jobId);
      outlet.reject(jobId, sequence, reason);
    }
  }

  private void fail(String jobId, RuntimeException cause) {
    if (running.get(jobId) == null) {
      reject(jobId, cause.toString());
      return;
    }
    try {
      apply(jobId, new SearchEvent.Failed("pruning failed: " + cause));
    } catch (KafkaException e) {
      throw e;
    } catch (RuntimeException e) {
      LOG.error("job {} cannot even fail; its state is dropped", jobId, e);
      forget(jobId);
      outlet.reject(jobId, Long.MAX_VALUE, cause.toString());
    }
  }

  private void expire(long now) {
    deadlines.passed(now).forEach(this::expire);
  }

  private void expire(String jobId) {
    try {
      apply(jobId, new SearchEvent.DeadlinePassed());
    } catch (KafkaException e) {
      throw e;
    } catch (RuntimeException e) {
      LOG.error("job {} cannot expire", jobId, e);
      fail(jobId, e);
    }
  }
}
