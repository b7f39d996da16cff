package io.espalier.contracts;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// How a search was asked to run, with every default filled in.
///
/// @param strategy `random`, `greedy` or `beam`
/// @param images for random search, else absent
/// @param width for a beam, else absent
/// @param branches for greedy search and a beam, else absent
/// @param depth `full`, `prefix` or a scale
/// @param answer `best-ever` or `last-frontier`
/// @param verifiers their weights by name
/// @param combine `weighted` or `rank`
/// @param guidance one value per scale, as temperature and topP
/// @param deadlineMillis the longest it may take
public record Settings(
    String strategy,
    @Nullable Integer images,
    @Nullable Integer width,
    @Nullable Integer branches,
    String depth,
    boolean carry,
    String answer,
    Map<String, Double> verifiers,
    String combine,
    List<Float> guidance,
    List<Float> temperature,
    List<Float> topP,
    long seed,
    @Nullable Long maxNfe,
    @Nullable Double targetScore,
    @Nullable Long deadlineMillis) {

  /// The verifiers are sorted by name, so that the same settings are the same document.
  public Settings {
    verifiers = Collections.unmodifiableSortedMap(new TreeMap<>(verifiers));
  }
}
