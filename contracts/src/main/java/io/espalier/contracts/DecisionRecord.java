package io.espalier.contracts;

import org.jspecify.annotations.Nullable;

/// `search.decisions`: an ended search, for finishing.
///
/// @param sequence the number that the job's Ended event will bear
/// @param submittedAt when the job was submitted, milliseconds since 1970
/// @param answer the answer's artifacts; absent where there is none
/// @param tree as it will be stored
/// @param result as it will be told
public record DecisionRecord(
    String jobId,
    long sequence,
    long submittedAt,
    @Nullable Drawn answer,
    TreeDocument tree,
    ResultDocument result) {}
