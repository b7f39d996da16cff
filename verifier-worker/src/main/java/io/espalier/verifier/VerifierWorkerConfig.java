package io.espalier.verifier;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;

/// What a verifier worker does.
@ConfigMapping(prefix = "espalier.verification")
public interface VerifierWorkerConfig {

  /// The verifiers to serve, by the names of their bundles.
  @WithDefault("aesthetic,clip,image-reward,vlm")
  List<String> verifiers();

  /// The most images of one model call.
  @WithDefault("16")
  int batchSize();

  /// How long an image may wait for others to share its call.
  @WithDefault("5ms")
  Duration batchDelay();
}
