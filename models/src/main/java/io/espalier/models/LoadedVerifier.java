package io.espalier.models;

import io.espalier.beam.Verifier;
import io.espalier.models.ModelException.BadBundle;

/// A verifier bundle of any kind, loaded. Thread-safe.
public sealed interface LoadedVerifier extends Verifier, AutoCloseable
    permits OnnxVerifier, RemoteVerifier, SimulatedVerifier {

  /// Loads a bundle. One with a graph is tried; a remote one is first asked for its first score,
  /// and a simulated one has nothing to try.
  ///
  /// @param name what the search calls this verifier
  /// @throws BadBundle where the graph is not what the manifest says, or there is no key
  static LoadedVerifier open(String name, Bundle bundle, Hardware hardware) {
    if (bundle.verifier().remote() != null) {
      return new RemoteVerifier(name, bundle);
    }
    return bundle.verifier().simulated() == null
        ? new OnnxVerifier(name, bundle, hardware)
        : new SimulatedVerifier(name, bundle);
  }

  @Override
  void close();
}
