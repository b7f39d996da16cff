package io.espalier.models;

import java.nio.file.Path;

/// The bundles of this checkout, or of `ESPALIER_BUNDLES`.
final class Installed {

  static final String GENERATOR = "shapes-infinity";

  private Installed() {}

  static Bundles bundles() {
    String folder = System.getenv("ESPALIER_BUNDLES");
    Path installed = Path.of(System.getProperty("io.espalier.home"), "bundles");
    return new Bundles(folder == null ? installed : Path.of(folder));
  }

  static Bundle open(String name) {
    return bundles().open(name);
  }
}
