package io.espalier.contracts;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// `search.scores`: what one verifier has to say of the candidates that it was asked about
/// together. Each of them is answered by itself, with a score or with the reason for none.
///
/// @param verifier who answers, or [#EVERY_VERIFIER]
/// @param warnings what the job's owner should know
/// @param spans the work that it took
public record ScoresRecord(
    String jobId,
    String verifier,
    List<Score> scores,
    List<Failure> failures,
    List<String> warnings,
    List<Span> spans) {

  /// In a verifier's place: all that the job asked.
  public static final String EVERY_VERIFIER = "*";

  /// A score, higher is better.
  ///
  /// @param features the image's feature vector; empty where it was not asked for or there is none
  public record Score(String lineage, Drawn drawn, double score, List<Float> features) {}

  /// No score, and none will come.
  ///
  /// @param drawn absent where there is nothing to look at
  public record Failure(String lineage, @Nullable Drawn drawn, String reason) {}

  /// That none of some candidates can be scored.
  ///
  /// @param verifier who cannot, or [#EVERY_VERIFIER]
  public static ScoresRecord unscorable(
      String jobId, List<String> lineages, String verifier, String reason) {
    return new ScoresRecord(
        jobId,
        verifier,
        List.of(),
        lineages.stream().map(lineage -> new Failure(lineage, null, reason)).toList(),
        List.of(),
        List.of());
  }

  /// A record's part of a stretch of work, which several records may share.
  ///
  /// @param model whose work: one of the constants; readers ignore others
  /// @param from when it began, milliseconds since 1970
  /// @param until when it ended
  /// @param share the record's share of that time, in milliseconds
  public record Span(String model, long from, long until, double share) {

    /// A call of the generator.
    public static final String GENERATOR = "generator";

    /// A call of the verifier.
    public static final String VERIFIER = "verifier";

    /// Artifacts on their way to the store.
    public static final String STORE = "store";

    /// Artifacts on their way from the store.
    public static final String FETCH = "fetch";

    /// A span of which a record takes a part.
    ///
    /// @param part from 0 to 1
    public static Span of(String model, long from, long until, double part) {
      return new Span(model, from, until, (until - from) * part);
    }
  }
}
