package io.espalier.standalone;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/// The simulated bundles that go with the program: an H200 that draws Infinity-2B. They are no part
/// of an installation, so that nobody is served by them unasked.
final class SimulatedBundles {

  /// Pictures of 1024×1024.
  static final String GENERATOR = "simulated-infinity-2b";

  /// The same calls and bits, but pictures of 64×64.
  static final String THUMBNAILS = "simulated-infinity-2b-thumbnails";

  static final List<String> VERIFIERS =
      List.of("simulated-aesthetic", "simulated-clip", "simulated-hps", "simulated-image-reward");

  private SimulatedBundles() {}

  /// Writes all of them below a folder, each to a folder of its name.
  static void install(Path folder) {
    Stream.concat(Stream.of(GENERATOR, THUMBNAILS), VERIFIERS.stream())
        .forEach(name -> install(name, folder.resolve(name)));
  }

  private static void install(String name, Path folder) {
    String manifest = "simulated/" + name + "/bundle.json";
    try (InputStream in =
        Objects.requireNonNull(SimulatedBundles.class.getResourceAsStream(manifest))) {
      Files.createDirectories(folder);
      Files.write(folder.resolve("bundle.json"), in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
