package io.espalier.contracts;

/// The key of a [CandidateRecord]: enough to answer for the candidate where the record cannot be
/// read.
public record CandidateKey(String jobId, String lineage) {

  private static final String SEPARATOR = "/";

  /// Reads what [#toString()] wrote.
  ///
  /// @throws IllegalArgumentException where the text is no such key
  public static CandidateKey parse(String text) {
    String[] parts = text.split(SEPARATOR, -1);
    if (parts.length != 2 || parts[0].isEmpty() || parts[1].isEmpty()) {
      throw new IllegalArgumentException("'" + text + "' is no key of a candidate");
    }
    return new CandidateKey(parts[0], parts[1]);
  }

  @Override
  public String toString() {
    return jobId + SEPARATOR + lineage;
  }
}
