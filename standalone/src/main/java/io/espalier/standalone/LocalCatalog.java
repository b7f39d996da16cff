package io.espalier.standalone;

import io.espalier.contracts.CatalogEntry;
import io.espalier.flow.JobSpecs;
import io.espalier.models.Bundle;
import io.espalier.models.Bundles;
import io.espalier.models.Manifest;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The installed bundles as a catalog. A bundle is opened once.
final class LocalCatalog implements JobSpecs.Catalog {

  private final Bundles bundles;
  private final Map<String, Bundle> open = new HashMap<>();

  LocalCatalog(Bundles bundles) {
    this.bundles = bundles;
  }

  Bundle bundle(String name) {
    return open.computeIfAbsent(name, bundles::open);
  }

  @Override
  public CatalogEntry generator(String name) {
    Manifest.GeneratorPart part = bundle(name).generator();
    return entry(
        name,
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

  @Override
  public CatalogEntry verifier(String name) {
    Manifest.VerifierPart part = bundle(name).verifier();
    return entry(
        name, null, new CatalogEntry.VerifierEntry(part.measures(), part.mean(), part.std()));
  }

  private CatalogEntry entry(
      String name,
      CatalogEntry.@Nullable GeneratorEntry generator,
      CatalogEntry.@Nullable VerifierEntry verifier) {
    Bundle bundle = bundle(name);
    Manifest manifest = bundle.manifest();
    return new CatalogEntry(
        generator == null ? name : manifest.name(),
        manifest.kind(),
        manifest.version(),
        bundle.digest(),
        manifest.licence(),
        manifest.trainedOn(),
        0,
        generator,
        verifier);
  }
}
