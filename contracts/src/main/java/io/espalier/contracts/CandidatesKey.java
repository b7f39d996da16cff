package io.espalier.contracts;

import java.util.List;

/// The key of a [CandidatesRecord]: enough to answer for the candidates where the record cannot be
/// read.
public record CandidatesKey(String jobId, List<String> lineages) {

  private static final String SEPARATOR = "/";
  private static final String BETWEEN_LINEAGES = ",";

  public CandidatesKey {
    lineages = List.copyOf(lineages);
  }

  /// Reads what [#toString()] wrote.
  ///
  /// @throws IllegalArgumentException where the text is no such key
  public static CandidatesKey parse(String text) {
    String[] parts = text.split(SEPARATOR, -1);
    if (parts.length != 2 || parts[0].isEmpty() || parts[1].isEmpty()) {
      throw new IllegalArgumentException("'" + text + "' is no key of candidates");
    }
    return new CandidatesKey(parts[0], List.of(parts[1].split(BETWEEN_LINEAGES, -1)));
  }

  @Override
  public String toString() {
    return jobId + SEPARATOR + String.join(BETWEEN_LINEAGES, lineages);
  }
}
