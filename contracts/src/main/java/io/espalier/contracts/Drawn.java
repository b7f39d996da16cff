package io.espalier.contracts;

/// What drawing a candidate gave, by content.
///
/// @param bits the digest of the rollout's bits, see [ArtifactKeys#bits]
/// @param image the digest of the image, see [ArtifactKeys#image]
public record Drawn(String bits, String image) {}
