package io.espalier.beam;

/// What drawing a candidate gave, by content: a second draw on other hardware may give another
/// one.
///
/// @param bits the digest of the whole rollout's bits, see [Bits#digest()]
/// @param image the digest of the image, see [Image#digest()]
public record Rendition(String bits, String image) {}
