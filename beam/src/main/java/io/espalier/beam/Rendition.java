package io.espalier.beam;

import java.util.Optional;

/// What drawing a candidate gave, by content: a second draw on other hardware may give another
/// one.
///
/// @param bits the digest of the whole rollout's bits, see [Bits#digest()]
/// @param image the digest of the image, see [Image#digest()]
/// @param place where both are kept; absent in process
public record Rendition(String bits, String image, Optional<Place> place) {

  /// Where a rendition is kept.
  ///
  /// @param slice the name of what a slice gave
  /// @param index the candidate's place in that slice, from 0
  public record Place(String slice, int index) {}

  /// A rendition in this process.
  public Rendition(String bits, String image) {
    this(bits, image, Optional.empty());
  }

  /// Whether the content is the same, wherever it is kept: a slice that was drawn twice may be kept
  /// twice.
  boolean isSameAs(Rendition other) {
    return bits.equals(other.bits) && image.equals(other.image);
  }
}
