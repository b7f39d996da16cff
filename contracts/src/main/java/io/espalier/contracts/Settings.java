package io.espalier.contracts;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// How a search was asked to run, with every default filled in.
///
/// @param strategy its tag as `type`, and its parameters
/// @param depth `full`, `prefix` or a scale; with one for each scale, separated by `/`
/// @param answer `best-ever` or `last-frontier`
/// @param verifiers their weights by name
/// @param tiers how many candidates of a scale a verifier sees, for all scales or for each, by
///     name; those that are not here see all
/// @param combine `weighted` or `rank`
/// @param guidance one value per scale, as temperature and topP
/// @param confidence the probability of being right at which the search stops
/// @param calibration weighted scores and the probability of being right at each
/// @param deadlineMillis the longest it may take
public record Settings(
    Map<String, Object> strategy,
    String depth,
    boolean carry,
    String answer,
    Map<String, Double> verifiers,
    @Nullable Map<String, List<Integer>> tiers,
    String combine,
    List<Float> guidance,
    List<Float> temperature,
    List<Float> topP,
    long seed,
    @Nullable Long maxNfe,
    @Nullable Double targetScore,
    @Nullable Double confidence,
    @Nullable List<List<Double>> calibration,
    @Nullable Long deadlineMillis) {

  /// The verifiers are sorted by name and the strategy's parameters keep their order, so that the
  /// same settings are the same document.
  public Settings {
    strategy = Collections.unmodifiableMap(new LinkedHashMap<>(strategy));
    verifiers = Collections.unmodifiableSortedMap(new TreeMap<>(verifiers));
    tiers = tiers == null ? null : Collections.unmodifiableSortedMap(new TreeMap<>(tiers));
  }
}
