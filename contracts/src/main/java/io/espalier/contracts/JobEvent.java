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

  /// A candidate's image and what it scored.
  ///
  /// @param candidate its lineage
  /// @param full whether the image is a full one
  record ScoredImage(
      String candidate,
      int scale,
      boolean full,
      double score,
      Map<String, Double> scores,
      Drawn drawn) {}

  /// The search began.
  ///
  /// @param planned what it costs if nothing ends it early
  record Started(String jobId, long sequence, long at, int scales, Planned planned)
      implements JobEvent {}

  /// Planned cost.
  record Planned(long nfe, long tokenForwards, long images) {}

  /// Candidates have the answers of all verifiers that were asked: those of one slice, normally.
  ///
  /// @param candidates at least one, by lineage
  /// @param awaited how many candidates are still without
  /// @param best the best full image so far, these included
  record Scored(
      String jobId,
      long sequence,
      long at,
      List<ScoredImage> candidates,
      int awaited,
      Planned spent,
      @Nullable ScoredImage best)
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
      @Nullable ScoredImage best)
      implements JobEvent {}

  /// The job cannot be searched or finished at all.
  ///
  /// @param sequence 0 where there was no search; [Long#MAX_VALUE] where it could not be finished,
  ///     or whether there was one is not known
  record Rejected(String jobId, long sequence, long at, String reason) implements JobEvent {}

  /// The search is over, its result is stored.
  record Ended(String jobId, long sequence, long at, ResultDocument result) implements JobEvent {}
}
