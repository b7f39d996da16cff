package io.espalier.search.pruning;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/// The deadlines of the running searches of one partition, in order, so that a look at the clock
/// costs nothing where none has passed. Made anew from the stored searches whenever the partition
/// is taken over. For one thread.
final class Deadlines {

  private final TreeMap<Long, TreeSet<String>> jobs = new TreeMap<>();
  private final Map<String, Long> byJob = new HashMap<>();

  /// Notes a search's deadline.
  ///
  /// @param at milliseconds since 1970
  void add(String jobId, long at) {
    remove(jobId);
    byJob.put(jobId, at);
    jobs.computeIfAbsent(at, _ -> new TreeSet<>()).add(jobId);
  }

  /// Forgets a search; one that has no deadline is no error.
  void remove(String jobId) {
    Long at = byJob.remove(jobId);
    if (at != null) {
      jobs.computeIfPresent(
          at,
          (_, same) -> {
            same.remove(jobId);
            return same.isEmpty() ? null : same;
          });
    }
  }

  /// The searches whose deadline has come.
  ///
  /// @param now milliseconds since 1970
  List<String> passed(long now) {
    List<String> passed = new ArrayList<>();
    jobs.headMap(now, true).values().forEach(passed::addAll);
    return passed;
  }
}
