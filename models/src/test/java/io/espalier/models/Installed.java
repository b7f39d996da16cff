package io.espalier.models;

import java.nio.file.Path;

/// The bundles of this checkout, or of `ESPALIER_BUNDLES`, and the tiny ones of the tests.
final class Installed {

  static final String GENERATOR = "shapes-infinity";

  private Installed() {}

  static Bundles bundles() {
    String folder = System.getenv("ESPALIER_BUNDLES");
    Path installed = Path.of(System.getProperty("io.espalier.home"), "bundles");
    return new Bundles(folder == null ? installed : Path.of(folder));
  }

  /// A tiny bundle, or a file beside them; `zoo/tests/index_bundles.py` makes them.
  static Path tiny(String name) {
    return Path.of(
        System.getProperty("io.espalier.home"),
        "models/src/test/resources/io/espalier/models/bundles",
        name);
  }

  static Bundle open(String name) {
    return bundles().open(name);
  }
}
