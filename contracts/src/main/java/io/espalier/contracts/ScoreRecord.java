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
  /// @param features the image's feature vector; empty where it was not asked for or there is none
  /// @param spans the work that it took
  record Scored(
      String jobId,
      String lineage,
      Drawn drawn,
      String verifier,
      double score,
      List<Float> features,
      List<String> warnings,
      List<Span> spans)
      implements ScoreRecord {}

  /// No score, and none will come.
  ///
  /// @param drawn absent where there is nothing to look at
  /// @param verifier who cannot score, or [#EVERY_VERIFIER]
  /// @param spans the work that was done
  record Unscorable(
      String jobId,
      String lineage,
      @Nullable Drawn drawn,
      String verifier,
      String reason,
      List<String> warnings,
      List<Span> spans)
      implements ScoreRecord {}

  /// A candidate's part of a stretch of work, which several candidates may share.
  ///
  /// @param model whose work: one of the constants; readers ignore others
  /// @param from when it began, milliseconds since 1970
  /// @param until when it ended
  /// @param share the candidate's share of that time, in milliseconds
  record Span(String model, long from, long until, double share) {

    /// A call of the generator.
    public static final String GENERATOR = "generator";

    /// A call of the verifier.
    public static final String VERIFIER = "verifier";

    /// Artifacts on their way to the store.
    public static final String STORE = "store";

    /// Artifacts on their way from the store.
    public static final String FETCH = "fetch";

    /// A span that so many candidates share.
    public static Span of(String model, long from, long until, int candidates) {
      return new Span(model, from, until, (double) (until - from) / candidates);
    }
  }
}
