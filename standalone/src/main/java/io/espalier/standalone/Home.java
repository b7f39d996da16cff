package io.espalier.standalone;

import io.espalier.models.Bundles;
import java.nio.file.Path;

/// Where this installation lies.
final class Home {

  private Home() {}

  /// The installed bundles: `ESPALIER_BUNDLES`, or `bundles/` beside the launcher.
  static Bundles bundles() {
    String folder = System.getenv("ESPALIER_BUNDLES");
    return new Bundles(
        folder == null
            ? Path.of(System.getProperty("io.espalier.home", "."), "bundles")
            : Path.of(folder));
  }
}
