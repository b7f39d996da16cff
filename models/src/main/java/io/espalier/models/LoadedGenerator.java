package io.espalier.models;

import io.espalier.beam.Generator;
import io.espalier.models.ModelException.BadBundle;
import io.espalier.models.ModelException.BadPrompt;
import java.util.Set;

/// A generator bundle of either kind, loaded. Thread-safe.
public sealed interface LoadedGenerator extends Generator, AutoCloseable
    permits OnnxGenerator, OnnxDiffusion {

  /// Loads a bundle and tries it.
  ///
  /// @throws BadBundle where a graph is not what the manifest says
  static LoadedGenerator open(Bundle bundle, Hardware hardware) {
    return bundle.manifest().kind().equals(Manifest.DIFFUSION)
        ? new OnnxDiffusion(bundle, hardware)
        : new OnnxGenerator(bundle, hardware);
  }

  /// What the job's owner should know of a prompt before a search begins.
  ///
  /// @throws BadPrompt where the generator cannot take it
  Set<String> check(String prompt);

  @Override
  void close();
}
