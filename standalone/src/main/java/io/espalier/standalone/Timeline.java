package io.espalier.standalone;

import io.espalier.contracts.CandidatesRecord;
import io.espalier.contracts.DecisionRecord;
import io.espalier.contracts.FrontierSlice;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.JobRecord;
import io.espalier.contracts.ScoresRecord;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// What a search waited for while no model call ran, from Submitted to Ended, by the records that
/// it sent. Where several things went on, the first in [Wait]'s order counts.
final class Timeline {

  /// What is waited for.
  enum Wait {
    /// Artifacts on their way to the store or from it.
    STORE,
    /// The gateway's queue and outbox in Postgres.
    DATABASE,
    /// What pruning sent, until its transaction is committed.
    COMMIT,
    /// A record on its way.
    BROKER,
    /// Pictures packed and unpacked, digests, the state machine, batches, threads.
    OTHER
  }

  private final long submitted;
  private final Wait[] waits;
  private final boolean[] model;

  /// How long a record takes that waits for no transaction.
  private final long usual;

  private Timeline(long submitted, long ended, long usual) {
    this.submitted = submitted;
    this.usual = usual;
    waits = new Wait[(int) (ended - submitted)];
    Arrays.fill(waits, Wait.OTHER);
    model = new boolean[waits.length];
  }

  /// Milliseconds without a model call, by what they were spent on.
  ///
  /// @param all the records of one job
  static Map<Wait, Long> of(List<Tail.Seen> all) {
    long submitted = 0;
    long ended = 0;
    List<Long> deliveries = new ArrayList<>();
    for (Tail.Seen seen : all) {
      switch (seen.record()) {
        case JobRecord.Submitted of -> submitted = of.submittedAt();
        case ScoresRecord _ -> deliveries.add(seen.arrived() - seen.sent());
        case JobEvent.Ended of -> ended = of.at();
        default -> {}
      }
    }
    deliveries.sort(null);
    Timeline line = new Timeline(submitted, ended, deliveries.get(deliveries.size() / 2));
    all.forEach(line::add);
    return line.total();
  }

  private void add(Tail.Seen seen) {
    switch (seen.record()) {
      case JobRecord.Submitted _ -> {
        mark(Wait.DATABASE, submitted, seen.sent());
        mark(Wait.BROKER, seen.sent(), seen.arrived());
      }
      case FrontierSlice _ -> committed(seen);
      case CandidatesRecord of -> {
        mark(Wait.BROKER, seen.sent(), seen.arrived());
        of.spans().forEach(this::add);
      }
      case ScoresRecord of -> {
        mark(Wait.BROKER, seen.sent(), seen.arrived());
        of.spans().forEach(this::add);
      }
      case DecisionRecord _ -> {
        committed(seen);
        mark(Wait.STORE, seen.arrived(), submitted + waits.length);
      }
      default -> {}
    }
  }

  private void committed(Tail.Seen seen) {
    long visible = Math.max(seen.sent(), seen.arrived() - usual);
    mark(Wait.COMMIT, seen.sent(), visible);
    mark(Wait.BROKER, visible, seen.arrived());
  }

  private void add(ScoresRecord.Span span) {
    switch (span.model()) {
      case ScoresRecord.Span.STORE, ScoresRecord.Span.FETCH ->
          mark(Wait.STORE, span.from(), span.until());
      default ->
          Arrays.fill(
              model, (int) (span.from() - submitted), (int) (span.until() - submitted), true);
    }
  }

  private void mark(Wait wait, long from, long until) {
    for (int at = (int) (from - submitted); at < Math.min(until - submitted, waits.length); at++) {
      waits[at] = wait.compareTo(waits[at]) < 0 ? wait : waits[at];
    }
  }

  private Map<Wait, Long> total() {
    Map<Wait, Long> total = new EnumMap<>(Wait.class);
    for (Wait wait : Wait.values()) {
      total.put(wait, 0L);
    }
    for (int at = 0; at < waits.length; at++) {
      if (!model[at]) {
        total.merge(waits[at], 1L, Long::sum);
      }
    }
    return total;
  }
}
