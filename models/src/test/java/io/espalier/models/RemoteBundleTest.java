package io.espalier.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.espalier.models.Manifest.RemotePart;
import io.espalier.models.ModelException.BadBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Bundles of remote verifiers: a manifest and nothing else.
class RemoteBundleTest {

  private static final String LEAST =
      "\"endpoint\": \"http://localhost:8000/v1\", \"model\": \"qwen\"";

  @TempDir private Path folder;

  private Bundle bundle(String remote) throws IOException {
    Files.writeString(
        folder.resolve("bundle.json"),
        """
        {"schema": 1, "name": "vqa", "kind": "verifier", "version": "1", "licence": "none",
         "source": "a test", "trainedOn": "nobody knows",
         "verifier": {"measures": "P(yes)", "mean": 0.5, "std": 0.5, "remote": {%s}}}
        """
            .formatted(remote));
    return Bundle.open(folder);
  }

  @Test
  void endpointAndModelAreEnough() throws IOException {
    RemotePart remote = Objects.requireNonNull(bundle(LEAST).verifier().remote());
    assertThat(remote)
        .isEqualTo(
            new RemotePart(
                "http://localhost:8000/v1",
                "qwen",
                "Does this figure show \"{prompt}\"? Please answer yes or no.",
                60,
                5,
                8,
                8,
                null));
  }

  @Test
  void everythingCanBeSaid() throws IOException {
    String all =
        LEAST
            + """
            , "question": "{prompt}?", "timeoutSeconds": 7, "retries": 0, "concurrency": 2,
            "samples": 3, "keyVariable": "VLM_KEY"
            """;
    assertThat(bundle(all).verifier().remote())
        .isEqualTo(
            new RemotePart("http://localhost:8000/v1", "qwen", "{prompt}?", 7, 0, 2, 3, "VLM_KEY"));
  }

  @Test
  void itIsOpenedByItsKindAndAsksNobodyYet() throws IOException {
    try (LoadedVerifier verifier = LoadedVerifier.open("vqa", bundle(LEAST), Hardware.cpu(1))) {
      assertThat(verifier).isInstanceOf(RemoteVerifier.class);
      assertThat(verifier.ownThreads()).isPresent();
    }
    try (LoadedVerifier verifier =
        LoadedVerifier.open("clip", Installed.open("clip"), Hardware.cpu(1))) {
      assertThat(verifier).isInstanceOf(OnnxVerifier.class);
      assertThat(verifier.ownThreads()).isEmpty();
    }
  }

  @Test
  void oneKindIsNotTheOther() throws IOException {
    Bundle remote = bundle(LEAST);
    assertThatThrownBy(() -> new OnnxVerifier("vqa", remote, Hardware.cpu(1)))
        .isInstanceOf(BadBundle.class)
        .hasMessageContaining("verifier.tokens is missing");
    assertThatThrownBy(() -> new RemoteVerifier("clip", Installed.open("clip")))
        .isInstanceOf(BadBundle.class)
        .hasMessageContaining("verifier.remote is missing");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost:8000/v1",
        "ftp://localhost/v1",
        "http://",
        "http://user:secret@localhost/v1",
        "http://localhost/v1?key=secret",
        "http://local host/v1"
      })
  void anEndpointThatIsNoBaseOfUrlsIsRefusedAndNotShown(String endpoint) {
    assertThatThrownBy(() -> bundle("\"endpoint\": \"%s\", \"model\": \"m\"".formatted(endpoint)))
        .isInstanceOf(BadBundle.class)
        .hasMessageContaining("verifier.remote.endpoint must be a URL")
        .hasMessageNotContaining("secret");
  }

  @ParameterizedTest
  @CsvSource({
    "question, \"is it nice?\", must hold {prompt}",
    "timeoutSeconds, 0, must be positive",
    "retries, -1, must not be negative",
    "concurrency, 0, must be positive",
    "samples, 0, must be positive",
    "model, \"\", must name a model",
    "endpoint, null, is missing",
    "model, null, is missing"
  })
  void aValueThatMakesNoSenseIsNamed(String field, String value, String words) {
    assertThatThrownBy(() -> bundle("%s, \"%s\": %s".formatted(LEAST, field, value)))
        .isInstanceOf(BadBundle.class)
        .hasMessageContaining("verifier.remote." + field)
        .hasMessageContaining(words);
  }

  @Test
  void withoutAnEndpointItIsRefused() {
    assertThatThrownBy(() -> bundle("\"model\": \"m\""))
        .isInstanceOf(BadBundle.class)
        .hasMessageContaining("endpoint");
  }
}
