package io.espalier.contracts;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What somebody asks for. Everything but the prompt has a default.
///
/// @param bundle the generator's name
/// @param verifiers their weights by name
/// @param tiers how many candidates of a scale a verifier sees, one number for all scales or one
///     for each, by name; the others see all
/// @param strategy its tag as `type`, and its parameters
/// @param depth `full`, `prefix` or a scale; with one for each scale, separated by `/`
/// @param answer `best-ever` or `last-frontier`
/// @param combine `weighted` or `rank`
/// @param paper whether what is not said is as in the paper
/// @param confidence stop once an image is right with this probability
/// @param calibration weighted scores and the probability of being right at each, both rising
/// @param guidance one value for all scales or one for each, as temperature and topP
/// @param deadlineSeconds how long it may take from its submission
/// @param priority higher goes first
/// @param base a candidate of an earlier job to start from
public record JobRequest(
    @Nullable String prompt,
    @Nullable String bundle,
    @Nullable Map<String, Double> verifiers,
    @Nullable Map<String, List<Integer>> tiers,
    @Nullable Map<String, Object> strategy,
    @Nullable String depth,
    @Nullable Boolean carry,
    @Nullable String answer,
    @Nullable String combine,
    @Nullable Boolean paper,
    @Nullable List<Float> guidance,
    @Nullable List<Float> temperature,
    @Nullable List<Float> topP,
    @Nullable Long seed,
    @Nullable Long maxNfe,
    @Nullable Double targetScore,
    @Nullable Double confidence,
    @Nullable List<List<Double>> calibration,
    @Nullable Double deadlineSeconds,
    @Nullable Integer priority,
    @Nullable Base base) {

  /// A candidate of an earlier job.
  public record Base(String jobId, String candidate) {}
}
