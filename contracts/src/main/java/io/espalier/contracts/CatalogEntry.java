package io.espalier.contracts;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `search.catalog`: a bundle that a live fleet serves. Its fleet tells it again and again; an
/// entry that has not been told for a while counts no more.
///
/// @param kind `generator`, `diffusion-generator` or `verifier`
/// @param toldAt milliseconds since 1970
/// @param generator for a generator of either kind
/// @param verifier for a verifier
public record CatalogEntry(
    String name,
    String kind,
    String version,
    String digest,
    String licence,
    String trainedOn,
    long toldAt,
    @Nullable GeneratorEntry generator,
    @Nullable VerifierEntry verifier) {

  /// This entry as it is told at a time.
  public CatalogEntry toldAt(long millis) {
    return new CatalogEntry(
        name, kind, version, digest, licence, trainedOn, millis, generator, verifier);
  }

  /// What a generator can draw, and its default sampling, one value per scale.
  ///
  /// @param scales the token grids, [height, width] each; of a diffusion generator one for each
  ///     step
  /// @param bitsPerToken [#NO_BITS] where it draws whole pictures alone
  /// @param calibration how likely an image is right, by its weighted score
  /// @param simulated whether there is no model: images show nothing, and calls only take their
  ///     time
  public record GeneratorEntry(
      List<List<Integer>> scales,
      int bitsPerToken,
      List<Integer> image,
      int promptCharacters,
      List<Float> guidance,
      List<Float> temperature,
      List<Float> topP,
      @Nullable CalibrationEntry calibration,
      boolean simulated) {

    /// Instead of bits per token where there are no prefixes to search by.
    public static final int NO_BITS = 0;
  }

  /// How likely an image of a generator is right, by its score.
  ///
  /// @param verifiers whose score it is: their weights by name
  /// @param points [weighted score, probability] each, both rising
  public record CalibrationEntry(Map<String, Double> verifiers, List<List<Double>> points) {}

  /// What a verifier's scores mean.
  ///
  /// @param simulated whether there is no model: scores mean nothing, and calls only take their
  ///     time
  public record VerifierEntry(String measures, double mean, double std, boolean simulated) {}
}
