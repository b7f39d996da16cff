package io.espalier.beam;

import java.util.List;

/// A candidate as drawn.
///
/// @param bits the whole rollout's
/// @param logLikelihood of each scale that was drawn, in their order: the log-probability of its
///     bits under the distribution that they were drawn from; empty where the generator gives none.
///     No digest covers it
public record Drawing(Lineage lineage, Bits bits, Image image, List<Float> logLikelihood) {

  public Drawing {
    logLikelihood = List.copyOf(logLikelihood);
  }

  /// A candidate of unknown likelihood.
  public Drawing(Lineage lineage, Bits bits, Image image) {
    this(lineage, bits, image, List.of());
  }

  public Rendition rendition() {
    return new Rendition(bits.digest(), image.digest());
  }
}
