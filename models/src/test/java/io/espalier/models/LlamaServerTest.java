package io.espalier.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.espalier.beam.Image;
import io.espalier.models.Manifest.RemotePart;
import io.espalier.models.ModelException.CallFailed;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A remote verifier on a server that people run, where this machine can install it.
class LlamaServerTest {

  private static final String KEY = "a-key-of-this-test";

  @TempDir static Path folder;
  private static @Nullable LlamaServer server;
  private static String lacking = "";
  private static String url = "";

  @BeforeAll
  static void start() throws Exception {
    try {
      LlamaServer started = new LlamaServer(folder, KEY);
      server = started;
      url = started.url();
    } catch (LlamaServer.CannotBeInstalled e) {
      lacking = String.valueOf(e.getMessage());
      System.err.println("Skipping the tests of remote verifiers on llama.cpp. " + lacking);
    }
  }

  /// Skips each test by itself, so that the result counts all of them.
  @BeforeEach
  void isThere() {
    assumeTrue(lacking.isEmpty(), lacking);
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.close();
    }
  }

  private static RemoteVerifier verifier(String key) {
    return new RemoteVerifier(
        "vqa",
        new RemotePart(url, "tiny", RemotePart.VQA_SCORE, 30, 0, 4, 8, "KEY"),
        Map.of("KEY", key),
        Duration.ofMillis(1));
  }

  /// A picture of one colour.
  private static Image image(int red, int green, int blue) {
    byte[] rgb = new byte[3 * 64 * 64];
    for (int i = 0; i < rgb.length; i += 3) {
      rgb[i] = (byte) red;
      rgb[i + 1] = (byte) green;
      rgb[i + 2] = (byte) blue;
    }
    return new Image(64, 64, rgb);
  }

  @Test
  void itScoresPicturesByLogProbabilities() {
    try (RemoteVerifier verifier = verifier(KEY)) {
      var scores = verifier.score("a star", List.of(image(255, 0, 0), image(0, 0, 255)));

      assertThat(scores.warnings()).isEqualTo(Set.of());
      assertThat(scores.values()[0]).isBetween(0.001, 0.999);
      assertThat(scores.values()[0]).isNotCloseTo(scores.values()[1], within(1e-4));
    }
  }

  @Test
  void manyQuestionsAtOnceAreAnsweredAsOneAfterTheOther() {
    List<Image> images = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      images.add(image(20 * i, 255 - 20 * i, 7 * i));
    }
    try (RemoteVerifier verifier = verifier(KEY)) {
      Executor own = verifier.ownThreads().orElseThrow();
      double[] inTurn = verifier.score("a star", images).values();
      List<CompletableFuture<Double>> calls = new ArrayList<>();
      for (Image image : images) {
        calls.add(
            CompletableFuture.supplyAsync(
                () -> verifier.score("a star", List.of(image)).values()[0], own));
      }
      for (int i = 0; i < inTurn.length; i++) {
        assertThat(calls.get(i).join()).isCloseTo(inTurn[i], within(1e-3));
      }
    }
  }

  @Test
  void itRefusesAnotherKey() {
    try (RemoteVerifier verifier = verifier("another-key")) {
      assertThatThrownBy(() -> verifier.score("a star", List.of(image(1, 2, 3))))
          .isInstanceOf(CallFailed.class)
          .hasMessageContaining("answered 401")
          .hasMessageContaining("put a key that it takes into the environment variable KEY");
    }
  }
}
