package io.espalier.contracts;

import java.util.List;

/// The key of a [FrontierSlice]: enough to answer for its candidates where the record cannot be
/// read.
///
/// @param parent the hypothesis' lineage; empty for the root
/// @param branches branch numbers, or `carry`
/// @param ordinal the slice's number within its job, which spreads a job over the partitions
public record SliceKey(String jobId, String parent, List<String> branches, int ordinal) {

  private static final String SEPARATOR = "/";

  /// Reads what [#toString()] wrote.
  ///
  /// @throws IllegalArgumentException where the text is no such key
  public static SliceKey parse(String text) {
    String[] parts = text.split(SEPARATOR, -1);
    if (parts.length != 4 || parts[0].isEmpty() || parts[2].isEmpty()) {
      throw new IllegalArgumentException("'" + text + "' is no key of a slice");
    }
    List<String> branches = List.of(parts[2].split(","));
    return new SliceKey(parts[0], parts[1], branches, Integer.parseInt(parts[3]));
  }

  /// The lineages of the slice's candidates.
  public List<String> candidates() {
    return branches.stream()
        .map(branch -> parent.isEmpty() ? branch : parent + "." + branch)
        .toList();
  }

  @Override
  public String toString() {
    return String.join(
        SEPARATOR, jobId, parent, String.join(",", branches), Integer.toString(ordinal));
  }
}
