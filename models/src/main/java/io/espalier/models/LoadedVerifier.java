package io.espalier.models;

import io.espalier.beam.Verifier;
import io.espalier.models.ModelException.BadBundle;

/// A verifier bundle of either kind, loaded. Thread-safe.
public sealed interface LoadedVerifier extends Verifier, AutoCloseable
    permits OnnxVerifier, RemoteVerifier {

  /// Loads a bundle. One with a graph is tried; a remote one is first asked for its first score.
  ///
  /// @param name what the search calls this verifier
  /// @throws BadBundle where the graph is not what the manifest says, or there is no key
  static LoadedVerifier open(String name, Bundle bundle, Hardware hardware) {
    return bundle.verifier().remote() == null
        ? new OnnxVerifier(name, bundle, hardware)
        : new RemoteVerifier(name, bundle);
  }

  @Override
  void close();
}
