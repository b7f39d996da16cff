package io.espalier.models;

import io.espalier.beam.Generator;
import io.espalier.models.ModelException.BadBundle;
import io.espalier.models.ModelException.BadPrompt;
import java.util.Set;

/// A generator bundle of either kind, loaded. Thread-safe.
public sealed interface LoadedGenerator extends Generator, AutoCloseable
    permits OnnxGenerator, OnnxDiffusion, SimulatedGenerator {

  /// Loads a bundle. One with graphs is tried; a simulated one has nothing to try.
  ///
  /// @throws BadBundle where a graph is not what the manifest says
  static LoadedGenerator open(Bundle bundle, Hardware hardware) {
    if (bundle.manifest().kind().equals(Manifest.DIFFUSION)) {
      return new OnnxDiffusion(bundle, hardware);
    }
    return bundle.generator().simulated() == null
        ? new OnnxGenerator(bundle, hardware)
        : new SimulatedGenerator(bundle);
  }

  /// What the job's owner should know of a prompt before a search begins.
  ///
  /// @throws BadPrompt where the generator cannot take it
  Set<String> check(String prompt);

  @Override
  void close();
}
