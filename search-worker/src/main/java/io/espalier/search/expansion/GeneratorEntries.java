package io.espalier.search.expansion;

import io.espalier.contracts.CatalogEntry;
import io.espalier.models.Bundle;
import io.espalier.models.Manifest;

/// Generators as the catalog tells them.
public final class GeneratorEntries {

  private GeneratorEntries() {}

  /// An entry, to be stamped when it is told; jobs call the generator as its manifest does.
  public static CatalogEntry of(Bundle bundle) {
    Manifest manifest = bundle.manifest();
    Manifest.GeneratorPart part = bundle.generator();
    return new CatalogEntry(
        manifest.name(),
        manifest.kind(),
        manifest.version(),
        bundle.digest(),
        manifest.licence(),
        manifest.trainedOn(),
        0,
        new CatalogEntry.GeneratorEntry(
            part.scales(),
            part.bitsPerToken(),
            part.image(),
            part.prompt().characters(),
            part.guidance(),
            part.temperature(),
            part.topP()),
        null);
  }
}
