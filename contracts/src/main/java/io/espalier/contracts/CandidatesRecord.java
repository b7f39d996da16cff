package io.espalier.contracts;

import java.util.List;

/// `search.candidates.<verifier>`: images that await a score, as a rule those of one slice.
///
/// @param features whether the search reads the verifier's feature vectors
/// @param warnings what drawing them has to say to the job's owner
/// @param spans the work that drew and stored them; in the record of one of their verifiers only,
///     so that it is counted once
public record CandidatesRecord(
    String jobId,
    List<Candidate> candidates,
    String prompt,
    JobSpec.VerifierRef verifier,
    boolean features,
    List<String> warnings,
    List<ScoresRecord.Span> spans) {

  /// One image.
  public record Candidate(String lineage, Drawn drawn) {}

  /// The key of this record.
  public CandidatesKey key() {
    return new CandidatesKey(jobId, candidates.stream().map(Candidate::lineage).toList());
  }
}
