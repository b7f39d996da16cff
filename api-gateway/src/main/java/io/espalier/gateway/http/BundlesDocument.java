package io.espalier.gateway.http;

import io.espalier.contracts.CatalogEntry;
import java.util.List;

/// The bundles that live fleets serve.
public record BundlesDocument(List<CatalogEntry> bundles) {}
