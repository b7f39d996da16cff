package io.espalier.gateway.catalog;

import io.espalier.beam.InvalidSearchException;
import io.espalier.contracts.CatalogEntry;
import io.espalier.flow.JobSpecs;
import io.espalier.gateway.GatewayConfig;
import jakarta.inject.Singleton;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The bundles that live fleets serve: those that were told lately. Thread-safe.
@Singleton
public final class LiveCatalog implements JobSpecs.Catalog {

  private static final Comparator<CatalogEntry> BY_KIND =
      Comparator.comparing(CatalogEntry::kind).thenComparing(CatalogEntry::name);

  private final long servedForMillis;
  private final Map<String, CatalogEntry> told = new ConcurrentHashMap<>();

  LiveCatalog(GatewayConfig config) {
    this.servedForMillis = config.servedFor().toMillis();
  }

  void tell(String name, @Nullable CatalogEntry entry) {
    if (entry == null) {
      told.remove(name);
    } else {
      told.put(name, entry);
    }
  }

  /// All that is served now, by kind and name.
  public List<CatalogEntry> served() {
    return told.values().stream().filter(this::live).sorted(BY_KIND).toList();
  }

  @Override
  public CatalogEntry generator(String name) {
    return find(name, "generator", "search-worker", entry -> entry.generator() != null);
  }

  @Override
  public CatalogEntry verifier(String name) {
    return find(name, "verifier", "verifier-worker", entry -> entry.verifier() != null);
  }

  private CatalogEntry find(
      String name, String kind, String worker, Predicate<CatalogEntry> isOfKind) {
    CatalogEntry entry = told.get(name);
    if (entry != null && live(entry) && isOfKind.test(entry)) {
      return entry;
    }
    String others =
        served().stream()
            .filter(isOfKind)
            .map(CatalogEntry::name)
            .collect(Collectors.joining(", "));
    throw new InvalidSearchException(
        others.isEmpty()
            ? "nobody serves the %s '%s', nor any other at the moment; start a %s that does"
                .formatted(kind, name, worker)
            : "nobody serves the %s '%s'; served are: %s".formatted(kind, name, others));
  }

  private boolean live(CatalogEntry entry) {
    return System.currentTimeMillis() - entry.toldAt() <= servedForMillis;
  }
}
