package io.espalier.flow;

import io.espalier.beam.Rendition;
import io.espalier.contracts.Drawn;
import java.util.Optional;

/// Renditions as records hold them.
public final class Renditions {

  private Renditions() {}

  /// A record's rendition, as the search knows it.
  public static Rendition of(Drawn drawn) {
    return new Rendition(
        drawn.bits(),
        drawn.image(),
        Optional.of(new Rendition.Place(drawn.slice(), drawn.index())));
  }

  /// The search's rendition, as a record holds it.
  ///
  /// @param kept has a place
  public static Drawn drawn(Rendition kept) {
    Rendition.Place place = kept.place().orElseThrow();
    return new Drawn(kept.bits(), kept.image(), place.slice(), place.index());
  }
}
