package io.espalier.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.espalier.beam.Image;
import io.espalier.models.Manifest.RemotePart;
import io.espalier.models.ModelException.CallFailed;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.assertj.core.util.Throwables;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// An endpoint in a process of its own that streams, stalls, fails and lies.
@Timeout(30)
class RemoteProcessTest {

  private static final int TIMEOUT_SECONDS = 1;

  private static Process process;
  private static int port;

  @BeforeAll
  static void start() throws Exception {
    Path program =
        Path.of(
            Objects.requireNonNull(RemoteProcessTest.class.getResource("FakeVlm.java")).toURI());
    process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.awt.headless=true",
                program.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader printed = process.inputReader();
    port = Integer.parseInt(Objects.requireNonNull(printed.readLine(), "it did not start"));
  }

  @AfterAll
  static void stop() throws InterruptedException {
    process.destroy();
    process.waitFor();
  }

  private static double score(String behaviour, int retries, Image image) {
    String url = "http://127.0.0.1:%d/%s/v1".formatted(port, behaviour);
    RemotePart part =
        new RemotePart(url, "fake", RemotePart.VQA_SCORE, TIMEOUT_SECONDS, retries, 1, 1, null);
    try (RemoteVerifier verifier =
        new RemoteVerifier("vqa", part, Map.of(), Duration.ofMillis(1))) {
      return verifier.score("a star", List.of(image)).values()[0];
    }
  }

  private static Image grey(int level) {
    byte[] rgb = new byte[3 * 64 * 64];
    Arrays.fill(rgb, (byte) level);
    return new Image(64, 64, rgb);
  }

  @Test
  void itSeesThePictureThatItIsShown() {
    assertThat(score("bright", 0, grey(51))).isCloseTo(0.2, within(1e-5));
    assertThat(score("bright", 0, grey(204))).isCloseTo(0.8, within(1e-5));
  }

  @Test
  void anAnswerMayComeInPieces() {
    assertThat(score("chunked", 0, grey(0))).isCloseTo(0.75, within(1e-5));
  }

  @Test
  void anEndpointMayComeUpWhileItIsAsked() {
    assertThat(score("recovering", 2, grey(0))).isCloseTo(0.75, within(1e-5));
  }

  @ParameterizedTest
  @CsvSource({
    "silent, gave no whole answer within 1 s",
    "stalling, gave no whole answer within 1 s",
    "trickling, gave no whole answer within 1 s",
    "endless, cannot be asked",
    "truncating, cannot be asked",
    "resetting, cannot be asked",
    "babbling, cannot be asked",
    "events, gave no chat completion: data:",
    "absent, answered 404: there is no absent"
  })
  void whateverItDoesTheCallEndsAndSaysWhy(String behaviour, String words) {
    assertThatThrownBy(() -> score(behaviour, 1, grey(0)))
        .isInstanceOf(CallFailed.class)
        .hasMessageContaining("/%s/v1 (model fake) %s".formatted(behaviour, words));
  }

  @Test
  void anEndpointThatRepeatsTheKeyInPlaceOfAnAnswerDoesNotBringItIntoALog() {
    String url = "http://127.0.0.1:%d/echoing/v1".formatted(port);
    RemotePart part =
        new RemotePart(url, "fake", RemotePart.VQA_SCORE, TIMEOUT_SECONDS, 0, 1, 1, "KEY");
    try (RemoteVerifier verifier =
        new RemoteVerifier("vqa", part, Map.of("KEY", "sk-secret"), Duration.ofMillis(1))) {
      assertThatThrownBy(() -> verifier.score("a star", List.of(grey(0))))
          .isInstanceOf(CallFailed.class)
          .hasMessageContaining("Bearer ***")
          .satisfies(e -> assertThat(Throwables.getStackTrace(e)).doesNotContain("sk-secret"));
    }
  }

  @Test
  void whereNothingListensItSaysSo() throws IOException {
    String nobody = "http://127.0.0.1:1/v1";
    RemotePart part =
        new RemotePart(nobody, "fake", RemotePart.VQA_SCORE, TIMEOUT_SECONDS, 1, 1, 1, null);
    try (RemoteVerifier verifier =
        new RemoteVerifier("vqa", part, Map.of(), Duration.ofMillis(1))) {
      assertThatThrownBy(() -> verifier.score("a star", List.of(grey(0))))
          .isInstanceOf(CallFailed.class)
          .hasMessageContaining("ConnectException");
    }
  }
}
