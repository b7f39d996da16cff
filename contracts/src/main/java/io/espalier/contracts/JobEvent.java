package io.espalier.contracts;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `search.events`: what a search tells, numbered from 0 without a gap in each job.
public sealed interface JobEvent {

  String jobId();

  long sequence();

  /// Milliseconds since 1970.
  long at();

  /// An image and what it scored.
  record Best(String candidate, int scale, double score, Map<String, Double> scores, Drawn drawn) {}

  /// The search began.
  ///
  /// @param planned what it costs if nothing ends it early
  record Started(String jobId, long sequence, long at, int scales, Planned planned)
      implements JobEvent {}

  /// Planned cost.
  record Planned(long nfe, long tokenForwards, long images) {}

  /// A candidate has every verifier's answer.
  ///
  /// @param full whether its image is a full one
  /// @param awaited how many of its scale are still without
  /// @param best the best full image so far
  record Scored(
      String jobId,
      long sequence,
      long at,
      Best candidate,
      boolean full,
      int awaited,
      Planned spent,
      @Nullable Best best)
      implements JobEvent {}

  /// A scale was pruned.
  ///
  /// @param kept the new frontier's lineages, best first
  record Pruned(
      String jobId,
      long sequence,
      long at,
      int scale,
      List<String> kept,
      int candidates,
      @Nullable Best best)
      implements JobEvent {}

  /// The job cannot be searched or finished at all.
  ///
  /// @param sequence 0 where there was no search; [Long#MAX_VALUE] where it could not be finished,
  ///     or whether there was one is not known
  record Rejected(String jobId, long sequence, long at, String reason) implements JobEvent {}

  /// The search is over, its result is stored.
  record Ended(String jobId, long sequence, long at, ResultDocument result) implements JobEvent {}
}
