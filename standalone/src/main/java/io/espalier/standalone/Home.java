package io.espalier.standalone;

import io.espalier.models.Bundles;
import java.nio.file.Path;

/// Where this installation lies, and where its user's data.
final class Home {

  private Home() {}

  /// The installed bundles: `ESPALIER_BUNDLES`, or `bundles/` beside the launcher.
  static Bundles bundles() {
    return new Bundles(bundlesFolder());
  }

  static Path bundlesFolder() {
    String folder = System.getenv("ESPALIER_BUNDLES");
    return folder == null
        ? Path.of(System.getProperty("io.espalier.home", "."), "bundles")
        : Path.of(folder);
  }

  /// The zoo of a checkout, beside the launcher.
  static Path zoo() {
    return Path.of(System.getProperty("io.espalier.home", "."), "zoo");
  }

  /// The benchmarks' recordings of a checkout, beside the launcher.
  static Path benchmarks() {
    return Path.of(System.getProperty("io.espalier.home", "."), "bench", "recordings");
  }

  /// `espalier` in `XDG_DATA_HOME`, or where the user's data lies by custom.
  static Path data() {
    String folder = System.getenv("XDG_DATA_HOME");
    Path parent =
        folder == null || folder.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".local", "share")
            : Path.of(folder);
    return parent.resolve("espalier");
  }
}
