package io.espalier.standalone;

import io.espalier.contracts.CatalogEntry;
import io.espalier.flow.JobSpecs;
import io.espalier.models.Bundle;
import io.espalier.models.Bundles;
import io.espalier.search.expansion.GeneratorEntries;
import io.espalier.verifier.VerifierEntries;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The installed bundles as a catalog. A bundle is opened once.
final class LocalCatalog implements JobSpecs.Catalog {

  private final Bundles bundles;
  private final Map<String, Bundle> open = new ConcurrentHashMap<>();

  LocalCatalog(Bundles bundles) {
    this.bundles = bundles;
  }

  Bundle bundle(String name) {
    return open.computeIfAbsent(name, bundles::open);
  }

  /// Opens a bundle by its folder, to be found by the name in its manifest from now on.
  void add(String folder) {
    Bundle bundle = bundle(folder);
    open.put(bundle.manifest().name(), bundle);
  }

  @Override
  public CatalogEntry generator(String name) {
    return GeneratorEntries.of(bundle(name));
  }

  @Override
  public CatalogEntry verifier(String name) {
    return VerifierEntries.of(name, bundle(name));
  }
}
