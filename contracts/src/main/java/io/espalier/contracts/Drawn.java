package io.espalier.contracts;

/// What drawing a candidate gave, by content, and where it lies.
///
/// @param bits the digest of the whole rollout's bits
/// @param image the digest of the image
/// @param slice the name of the slice's object that holds both, see [ArtifactKeys#slice]
/// @param index the candidate's place in that slice, from 0
public record Drawn(String bits, String image, String slice, int index) {}
