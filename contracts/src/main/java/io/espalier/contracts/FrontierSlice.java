package io.espalier.contracts;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// `search.frontier.<generator>`: branches of one hypothesis to draw, roll out and hand to
/// verifiers.
///
/// @param parent the hypothesis' lineage; empty for the root
/// @param prefix what the parent consists of; absent where the parent is the root
/// @param scale the first scale to draw
/// @param depth the last scale to draw
/// @param branches branch numbers, or `carry`
/// @param verifiers who is to score what is drawn, by name
public record FrontierSlice(
    String jobId,
    JobSpec spec,
    String parent,
    @Nullable Drawn prefix,
    int scale,
    int depth,
    List<String> branches,
    List<String> verifiers) {}
