package io.espalier.gateway.store;

import java.time.Instant;
import java.util.List;
import java.util.UUID;

/// Queued jobs in the order in which they should run, the highest priority first, then the oldest;
/// and what runs already.
public interface JobQueue {

  /// What some running searches come to.
  ///
  /// @param size the sum of their sizes
  record Load(long searches, long size) {}

  /// A queued job.
  record Queued(UUID id, int priority, Instant createdAt, long size) {}

  /// Everything that runs.
  ///
  /// @param most what a search counts as that is larger
  Load running(long most);

  /// What of it went past a queued job: was let run while the job waited, although its place is
  /// behind it.
  ///
  /// @param most what a search counts as that is larger
  Load runningPast(Queued job, long most);

  /// The first jobs.
  List<Queued> first(int limit);

  /// The first jobs behind another that are not larger than a size.
  List<Queued> firstBehind(Queued job, long size, int limit);
}
