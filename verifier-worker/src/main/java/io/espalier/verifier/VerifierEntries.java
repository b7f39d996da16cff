package io.espalier.verifier;

import io.espalier.contracts.CatalogEntry;
import io.espalier.models.Bundle;
import io.espalier.models.Manifest;

/// Verifiers as the catalog tells them.
public final class VerifierEntries {

  private VerifierEntries() {}

  /// An entry, to be stamped when it is told.
  ///
  /// @param name what jobs call the verifier
  public static CatalogEntry of(String name, Bundle bundle) {
    Manifest manifest = bundle.manifest();
    Manifest.VerifierPart part = bundle.verifier();
    return new CatalogEntry(
        name,
        manifest.kind(),
        manifest.version(),
        bundle.digest(),
        manifest.licence(),
        manifest.trainedOn(),
        0,
        null,
        new CatalogEntry.VerifierEntry(
            part.measures(), part.mean(), part.std(), part.simulated() != null));
  }
}
