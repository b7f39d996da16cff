package io.espalier.artifacts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.minio.MinioClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// What every S3 server must do for the store. Each test has a bucket of its own.
abstract class ArtifactStoreContract {

  static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final String TYPE = "application/octet-stream";

  private final ArtifactStore store =
      new S3Artifacts(client(), "test-" + UUID.randomUUID(), PATIENCE);

  /// A client of the server under test.
  abstract MinioClient client();

  /// A client whose secret key is not the server's.
  abstract MinioClient impostor();

  /// Takes the server away at once, whatever it is doing.
  abstract void takeAway();

  /// Brings the server back at the same address, with its keys and artifacts.
  abstract void bringBack() throws Exception;

  @Test
  void whatIsPutIsGotWhole() {
    byte[] bytes = bytes("a picture");
    store.put("candidates/1/a.png", bytes, "image/png");
    assertThat(store.get("candidates/1/a.png")).isEqualTo(bytes);
    assertThat(store.exists("candidates/1/a.png")).isTrue();
  }

  @Test
  void nothingAtAllCanBeKeptToo() {
    store.put("results/empty", new byte[0], TYPE);
    assertThat(store.get("results/empty")).isEmpty();
  }

  @Test
  void aLargeArtifactComesBackToTheByte() {
    byte[] bytes = new byte[8_000_000];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i * 31 + i / 251);
    }
    store.put("large", bytes, TYPE);
    assertThat(store.get("large")).isEqualTo(bytes);
  }

  @Test
  void aSecondPutReplacesTheFirst() {
    store.put("key", bytes("old and long"), TYPE);
    store.put("key", bytes("new"), TYPE);
    assertThat(store.get("key")).isEqualTo(bytes("new"));
  }

  @Test
  void whatIsNotThereIsNotFoundBeforeTheBucketExistsAndAfter() {
    assertThat(store.exists("absent")).isFalse();
    assertThatThrownBy(() -> store.get("absent"))
        .isInstanceOf(ArtifactException.NotFound.class)
        .hasMessageContaining("absent");
    store.put("present", bytes("x"), TYPE);
    assertThat(store.exists("absent")).isFalse();
    assertThatThrownBy(() -> store.get("absent")).isInstanceOf(ArtifactException.NotFound.class);
    assertThatThrownBy(() -> store.copy("absent", "elsewhere"))
        .isInstanceOf(ArtifactException.NotFound.class);
  }

  @Test
  void aCopyIsAnArtifactOfItsOwn() {
    store.put("candidates/1/a.png", bytes("a"), "image/png");
    store.copy("candidates/1/a.png", "results/1/image.png");
    store.delete("candidates/1/a.png");
    assertThat(store.get("results/1/image.png")).isEqualTo(bytes("a"));
  }

  @Test
  void deletingTwiceIsNoError() {
    store.put("key", bytes("x"), TYPE);
    store.delete("key");
    store.delete("key");
    assertThat(store.exists("key")).isFalse();
  }

  @Test
  void aListHoldsAllKeysBelowAPrefixInOrder() {
    List<String> wanted =
        IntStream.range(0, 1_100).mapToObj("candidates/7/%04d.png"::formatted).toList();
    assertThat(store.list("candidates/7/")).isEmpty();
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<?>> puts = new ArrayList<>();
      wanted.forEach(key -> puts.add(threads.submit(() -> store.put(key, bytes(key), TYPE))));
      puts.forEach(put -> assertThat(put).succeedsWithin(Duration.ofMinutes(1)));
    }
    store.put("candidates/70/other.png", bytes("x"), TYPE);
    assertThat(store.list("candidates/7/")).isEqualTo(wanted);
    store.deleteAll("candidates/7/");
    assertThat(store.list("candidates/")).containsExactly("candidates/70/other.png");
  }

  @Test
  void severalWritersMayBeTheFirst() {
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<?>> puts = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        String key = "first/" + i;
        puts.add(threads.submit(() -> store.put(key, bytes(key), TYPE)));
      }
      puts.forEach(put -> assertThat(put).succeedsWithin(Duration.ofSeconds(30)));
    }
    assertThat(store.list("first/")).hasSize(8);
  }

  @Test
  void wrongKeysAreRefusedAtOnce() {
    ArtifactStore refused = new S3Artifacts(impostor(), "somebody-elses", PATIENCE);
    assertThatThrownBy(() -> refused.put("key", bytes("x"), "text/plain"))
        .isInstanceOf(ArtifactException.Refused.class)
        .hasMessageContaining("key");
  }

  @Test
  void aServerThatIsAwayIsWaitedFor() throws Exception {
    ArtifactStore patient = new S3Artifacts(client(), "patient", Duration.ofSeconds(30));
    patient.put("before", bytes("1"), "text/plain");
    takeAway();
    CompletableFuture<byte[]> got = CompletableFuture.supplyAsync(() -> patient.get("before"));
    assertThat(got).isNotDone();
    bringBack();
    assertThat(got).succeedsWithin(Duration.ofSeconds(30)).isEqualTo(bytes("1"));
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
