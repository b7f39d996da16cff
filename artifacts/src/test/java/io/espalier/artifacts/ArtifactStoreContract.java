package io.espalier.artifacts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.minio.MinioAsyncClient;
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
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What every S3 server must do for the store. Each test has a bucket of its own.
abstract class ArtifactStoreContract {

  static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final String TYPE = "application/octet-stream";

  private final ArtifactStore store =
      new S3Artifacts(client(), "test-" + UUID.randomUUID(), PATIENCE, 64);

  /// A client of the server under test.
  abstract MinioAsyncClient client();

  /// A client whose secret key is not the server's.
  abstract MinioAsyncClient impostor();

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
    assertThat(store.head("results/empty", 1)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"1, a", "7, a slice", "8, a slice.", "9, a slice.", "2147483647, a slice."})
  void theBeginningOfAnArtifactIsGotByItself(int length, String expected) {
    store.put("candidates/1/a.slice", bytes("a slice."), TYPE);
    assertThat(store.head("candidates/1/a.slice", length)).isEqualTo(bytes(expected));
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
    assertThatThrownBy(() -> store.head("absent", 1))
        .isInstanceOf(ArtifactException.NotFound.class);
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
  void aListHoldsAllKeysBelowAPrefixInOrderAndTheyAreRemovedTogether() {
    List<String> wanted =
        IntStream.range(0, 2_100).mapToObj("candidates/7/%04d.png"::formatted).toList();
    assertThat(store.list("candidates/7/")).isEmpty();
    putAll(wanted);
    store.put("candidates/70/other.png", bytes("x"), TYPE);
    assertThat(store.list("candidates/7/")).containsExactlyElementsOf(wanted);
    store.deleteAll("candidates/7/");
    assertThat(store.list("candidates/")).containsExactly("candidates/70/other.png");
    store.deleteAll("candidates/7/");
  }

  @Test
  void anArtifactThatIsRemovedInTheMeantimeIsNoError() {
    List<String> keys = IntStream.range(0, 20).mapToObj("candidates/8/%02d"::formatted).toList();
    putAll(keys);
    List<String> listed = store.list("candidates/8/").toList();
    store.delete("candidates/8/03");
    S3Artifacts s3 = (S3Artifacts) store;
    Removal removal = new Removal(s3);
    removal.remove(listed);
    removal.check("remove");
    assertThat(store.list("candidates/8/")).isEmpty();
  }

  @Test
  void everyKeyThatTheRuleAllowsIsKeptListedAndRemoved() {
    List<String> keys =
        List.of(
            "odd/a b",
            "odd/a%20b",
            "odd/a+b&c=d;e?f#g",
            "odd/...",
            "odd/<x>'\"\\y",
            "odd/gr\u00fc\u00df/\u6811/\ud83c\udf33",
            "odd/-leading",
            "odd/" + "n".repeat(200));
    for (String key : keys) {
      store.put(key, bytes(key), TYPE);
      assertThat(store.get(key)).as(key).isEqualTo(bytes(key));
      store.copy(key, "copies/" + key);
      assertThat(store.get("copies/" + key)).as(key).isEqualTo(bytes(key));
      store.delete("copies/" + key);
    }
    assertThat(store.list("odd/")).containsExactlyInAnyOrderElementsOf(keys);
    store.deleteAll("odd/");
    assertThat(store.list("odd/")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "a/../b",
        "a/.",
        "a\nb",
        "a\u0000b",
        "a/ b",
        "a\ud83c"
      })
  void aKeyThatSomeServerWouldNotTakeIsRefusedClearly(String key) {
    assertRefused(key);
  }

  @Test
  void aKeyThatIsTooLongIsRefusedClearly() {
    assertRefused("a/" + "n".repeat(201));
    assertRefused("a/" + "\u6811".repeat(67));
    assertRefused("name/".repeat(205) + "a");
  }

  private void assertRefused(String key) {
    List<ThrowableAssert.ThrowingCallable> calls =
        List.of(
            () -> store.put(key, bytes("x"), TYPE),
            () -> store.get(key),
            () -> store.head(key, 1),
            () -> store.exists(key),
            () -> store.copy(key, "to"),
            () -> store.copy("from", key),
            () -> store.delete(key));
    for (ThrowableAssert.ThrowingCallable call : calls) {
      assertThatThrownBy(call)
          .isInstanceOf(ArtifactException.InvalidKey.class)
          .message()
          .contains("cannot be the key of an artifact")
          .doesNotContainPattern("[\\p{Cntrl}\\p{Cs}]");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/", "candidates", "candidates//", "candidates/1"})
  void aPrefixThatWouldTakeMoreThanOneFolderIsRefused(String prefix) {
    store.put("candidates/1/a", bytes("x"), TYPE);
    assertThatThrownBy(() -> store.deleteAll(prefix))
        .isInstanceOf(ArtifactException.InvalidKey.class);
    assertThatThrownBy(() -> store.list(prefix)).isInstanceOf(ArtifactException.InvalidKey.class);
    assertThat(store.exists("candidates/1/a")).isTrue();
  }

  @Test
  void aContentTypeThatIsNoneIsRefusedClearly() {
    assertThatThrownBy(() -> store.put("key", bytes("x"), "no type"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'no type'");
  }

  private void putAll(List<String> keys) {
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<?>> puts = new ArrayList<>();
      keys.forEach(key -> puts.add(threads.submit(() -> store.put(key, bytes(key), TYPE))));
      puts.forEach(put -> assertThat(put).succeedsWithin(Duration.ofMinutes(1)));
    }
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
    ArtifactStore refused = new S3Artifacts(impostor(), "somebody-elses", PATIENCE, 64);
    assertThatThrownBy(() -> refused.put("key", bytes("x"), "text/plain"))
        .isInstanceOf(ArtifactException.Refused.class)
        .hasMessageContaining("key");
  }

  @Test
  void aServerThatIsAwayIsWaitedFor() throws Exception {
    ArtifactStore patient = new S3Artifacts(client(), "patient", Duration.ofSeconds(30), 64);
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
