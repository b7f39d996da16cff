package io.espalier.contracts;

import java.util.List;

/// `search.candidates.<verifier>`: an image that awaits a score.
///
/// @param features whether the search reads the verifier's feature vector of the image
/// @param warnings what drawing it has to say to the job's owner
/// @param spans the work that drew and stored it; told to one of its verifiers only, to be
///     counted once
public record CandidateRecord(
    String jobId,
    String lineage,
    Drawn drawn,
    String prompt,
    JobSpec.VerifierRef verifier,
    boolean features,
    List<String> warnings,
    List<ScoreRecord.Span> spans) {}
