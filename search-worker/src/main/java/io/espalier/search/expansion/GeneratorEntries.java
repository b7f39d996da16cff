package io.espalier.search.expansion;

import io.espalier.contracts.CatalogEntry;
import io.espalier.models.Bundle;
import io.espalier.models.Manifest;
import java.util.Collections;
import org.jspecify.annotations.Nullable;

/// Generators as the catalog tells them.
public final class GeneratorEntries {

  private GeneratorEntries() {}

  /// An entry, to be stamped when it is told; jobs call the generator as its manifest does.
  public static CatalogEntry of(Bundle bundle) {
    Manifest manifest = bundle.manifest();
    return new CatalogEntry(
        manifest.name(),
        manifest.kind(),
        manifest.version(),
        bundle.digest(),
        manifest.licence(),
        manifest.trainedOn(),
        0,
        manifest.kind().equals(Manifest.DIFFUSION)
            ? entry(bundle.diffusion())
            : entry(bundle.generator()),
        null);
  }

  private static CatalogEntry.GeneratorEntry entry(Manifest.GeneratorPart part) {
    return new CatalogEntry.GeneratorEntry(
        part.scales(),
        part.bitsPerToken(),
        part.image(),
        part.prompt().characters(),
        part.guidance(),
        part.temperature(),
        part.topP(),
        calibration(part.calibration()),
        part.simulated() != null);
  }

  private static CatalogEntry.@Nullable CalibrationEntry calibration(
      Manifest.@Nullable CalibrationPart part) {
    return part == null ? null : new CatalogEntry.CalibrationEntry(part.verifiers(), part.points());
  }

  /// Each step is a scale of the latent's grid.
  private static CatalogEntry.GeneratorEntry entry(Manifest.DiffusionPart part) {
    int steps = part.steps();
    return new CatalogEntry.GeneratorEntry(
        Collections.nCopies(steps, part.latent().subList(1, 3)),
        CatalogEntry.GeneratorEntry.NO_BITS,
        part.image(),
        part.prompt().characters(),
        Collections.nCopies(steps, part.guidance()),
        Collections.nCopies(steps, 1f),
        Collections.nCopies(steps, 1f),
        null,
        false);
  }
}
