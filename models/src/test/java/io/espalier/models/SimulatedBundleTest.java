package io.espalier.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.espalier.models.ModelException.BadBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Bundles of models that are not there: a manifest and nothing else.
class SimulatedBundleTest {

  @TempDir private Path folder;

  private Bundle open(String json) throws IOException {
    Files.writeString(folder.resolve(Manifest.FILE), json);
    return Bundle.open(folder);
  }

  @Test
  void aManifestIsEnoughAndIsPinnedByItsDigest() throws IOException {
    Bundle generator = open(Simulated.GENERATOR);
    try (LoadedGenerator loaded = LoadedGenerator.open(generator, Hardware.cpu(1))) {
      assertThat(loaded).isInstanceOf(SimulatedGenerator.class);
    }
    Bundle slower = open(Simulated.GENERATOR.replace("\"callSeconds\": 1,", "\"callSeconds\": 2,"));
    assertThat(slower.digest()).isNotEqualTo(generator.digest());
    try (LoadedVerifier loaded =
        LoadedVerifier.open("taste", open(Simulated.VERIFIER), Hardware.cpu(1))) {
      assertThat(loaded).isInstanceOf(SimulatedVerifier.class);
      assertThat(loaded.ownThreads()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "callSeconds, -1, must be from 0 to 3600",
    "sequenceSeconds, -0.1, must be from 0 to 3600",
    "sequenceSeconds, 3601, must be from 0 to 3600",
    "sequenceSeconds, \"NaN\", must be from 0 to 3600",
    "imageSeconds, -1, must be from 0 to 3600",
    "sequences, 0, must be positive"
  })
  void aGeneratorsTimeThatMakesNoSenseIsNamed(String field, String value, String words) {
    String json =
        Simulated.GENERATOR.replaceAll(
            "\"%s\": [0-9.]+".formatted(field), "\"%s\": %s".formatted(field, value));
    assertThatThrownBy(() -> open(json))
        .isInstanceOf(BadBundle.class)
        .hasMessageContaining("generator.simulated.%s %s".formatted(field, words));
  }

  @Test
  void aTimeThatIsMissingIsNamed() {
    assertThatThrownBy(() -> open(Simulated.GENERATOR.replace("\"imageSeconds\": 0.25,", "")))
        .isInstanceOf(BadBundle.class)
        .hasMessageContaining("imageSeconds");
  }

  @ParameterizedTest
  @CsvSource({"callSeconds", "imageSeconds"})
  void aVerifiersTimeThatMakesNoSenseIsNamed(String field) {
    String json =
        Simulated.VERIFIER.replace("\"%s\": ".formatted(field), "\"%s\": -".formatted(field));
    assertThatThrownBy(() -> open(json))
        .isInstanceOf(BadBundle.class)
        .hasMessageContaining("verifier.simulated.%s must be from 0 to 3600".formatted(field));
  }

  @Test
  void aVerifierIsNotRemoteAndSimulatedAtOnce() {
    String json =
        Simulated.VERIFIER.replace(
            "\"simulated\"",
            "\"remote\": {\"endpoint\": \"http://localhost/v1\", \"model\": \"m\"}, \"simulated\"");
    assertThatThrownBy(() -> open(json))
        .isInstanceOf(BadBundle.class)
        .hasMessageContaining("verifier.remote and verifier.simulated exclude each other");
  }

  @Test
  void aBundleOfGraphsIsNotSimulated() {
    assertThatThrownBy(() -> new SimulatedGenerator(Installed.open(Installed.GENERATOR)))
        .isInstanceOf(BadBundle.class)
        .hasMessageContaining("generator.simulated is missing");
    assertThatThrownBy(() -> new SimulatedVerifier("clip", Installed.open("clip")))
        .isInstanceOf(BadBundle.class)
        .hasMessageContaining("verifier.simulated is missing");
  }
}
