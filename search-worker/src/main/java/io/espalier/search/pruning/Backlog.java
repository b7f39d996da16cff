package io.espalier.search.pruning;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/// One job's work that waits to be handed out, first come, first out. A piece of work is a row of
/// the state store that is written once; how much of the first one was taken is in the header. Work
/// that is taken as soon as it was added is never stored. Lives for one turn, on one thread.
final class Backlog {

  /// What the header knows of the rows.
  ///
  /// @param first the number of the first row
  /// @param next the number of the next row that is written
  /// @param taken how many candidates of the first row were taken
  /// @param candidates how many wait in all
  record Waiting(int first, int next, int taken, int candidates) {
    static final Waiting NONE = new Waiting(0, 0, 0, 0);
  }

  private final KeyValueStore<String, Work> store;
  private final String jobId;
  private final Deque<Work> added = new ArrayDeque<>();
  private int first;
  private int next;
  private int taken;
  private int candidates;

  Backlog(KeyValueStore<String, Work> store, String jobId, Waiting waiting) {
    this.store = store;
    this.jobId = jobId;
    this.first = waiting.first();
    this.next = waiting.next();
    this.taken = waiting.taken();
    this.candidates = waiting.candidates();
  }

  void add(List<Work> work) {
    added.addAll(work);
    candidates += work.stream().mapToInt(Work::size).sum();
  }

  /// How many candidates wait.
  int candidates() {
    return candidates;
  }

  /// Takes the next part; there must be some.
  ///
  /// @param most the most candidates
  Work take(int most) {
    Work work = first < next ? store.get(key(first)) : added.element();
    Work part = work.part(taken, Math.min(taken + most, work.size()));
    taken += part.size();
    candidates -= part.size();
    if (taken == work.size()) {
      drop();
    }
    return part;
  }

  private void drop() {
    taken = 0;
    if (first < next) {
      store.delete(key(first));
      first++;
    } else {
      added.remove();
    }
  }

  /// Stores what is left of the work that was added.
  Waiting store() {
    for (Work work : added) {
      store.put(key(next), work);
      next++;
    }
    added.clear();
    return candidates == 0 ? Waiting.NONE : new Waiting(first, next, taken, candidates);
  }

  void deleteAll() {
    List<String> keys = new ArrayList<>();
    try (KeyValueIterator<String, Work> rows =
        store.prefixScan(jobId + "/", new StringSerializer())) {
      rows.forEachRemaining(row -> keys.add(row.key));
    }
    keys.forEach(store::delete);
  }

  private String key(int number) {
    return String.format(Locale.ROOT, "%s/%d", jobId, number);
  }
}
