package io.espalier.beam;

/// A candidate as drawn.
///
/// @param bits the whole rollout's
public record Drawing(Lineage lineage, Bits bits, Image image) {

  public Rendition rendition() {
    return new Rendition(bits.digest(), image.digest());
  }
}
