package io.espalier.contracts;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `result.json`: what came of a job.
///
/// @param status `found`, `cancelled`, `expired` or `failed`
/// @param reason why there is no better ending, or why the search stopped early; else empty
/// @param answer absent where no full image was scored
/// @param first the very first image, to compare with
public record ResultDocument(
    String jobId,
    String status,
    String reason,
    String prompt,
    Settings settings,
    BundleName bundle,
    @Nullable Answer answer,
    @Nullable First first,
    Ledger ledger,
    List<String> warnings) {

  /// This result of a job that took so long from its submission to its end.
  public ResultDocument tookMillis(long wallMillis) {
    Ledger timed =
        new Ledger(
            ledger.nfe(),
            ledger.tokenForwards(),
            ledger.images(),
            ledger.generatorMillis(),
            ledger.verifierMillis(),
            ledger.modelMillis(),
            wallMillis);
    return new ResultDocument(
        jobId, status, reason, prompt, settings, bundle, answer, first, timed, warnings);
  }

  /// The image that the search answers with.
  ///
  /// @param candidate its lineage as one word, such as `3.0.carry`
  /// @param scale the scale that it was drawn at
  /// @param lineage its branch numbers from the root; `carry` where a rollout goes on
  /// @param score the weighted score
  /// @param scores by verifier
  public record Answer(
      String candidate,
      int scale,
      List<Object> lineage,
      double score,
      Map<String, Double> scores) {}

  /// The very first image.
  public record First(double score, Map<String, Double> scores) {}

  /// What it cost: planned evaluations, and measured time.
  ///
  /// @param modelMillis time with at least one model call running
  public record Ledger(
      long nfe,
      long tokenForwards,
      long images,
      long generatorMillis,
      long verifierMillis,
      long modelMillis,
      long wallMillis) {}
}
