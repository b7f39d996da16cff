package io.espalier.contracts;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// `search.scores`: what one verifier has to say of one candidate.
public sealed interface ScoreRecord {

  /// In a verifier's place: all that the job asked.
  String EVERY_VERIFIER = "*";

  String jobId();

  /// A score, higher is better.
  ///
  /// @param spans the model calls that it took
  record Scored(
      String jobId,
      String lineage,
      Drawn drawn,
      String verifier,
      double score,
      List<String> warnings,
      List<Span> spans)
      implements ScoreRecord {}

  /// No score, and none will come.
  ///
  /// @param drawn absent where there is nothing to look at
  /// @param verifier who cannot score, or [#EVERY_VERIFIER]
  /// @param spans the model calls that were made
  record Unscorable(
      String jobId,
      String lineage,
      @Nullable Drawn drawn,
      String verifier,
      String reason,
      List<String> warnings,
      List<Span> spans)
      implements ScoreRecord {}

  /// A candidate's part of a model call, which several candidates may share.
  ///
  /// @param model `generator` or `verifier`
  /// @param from when the call began, milliseconds since 1970
  /// @param until when it ended
  /// @param share the candidate's share of that time, in milliseconds
  record Span(String model, long from, long until, double share) {}
}
