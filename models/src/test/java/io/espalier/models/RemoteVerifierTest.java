package io.espalier.models;

import static io.espalier.models.ScriptedEndpoint.says;
import static io.espalier.models.ScriptedEndpoint.status;
import static io.espalier.models.ScriptedEndpoint.sure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.espalier.beam.Image;
import io.espalier.beam.Png;
import io.espalier.models.Manifest.RemotePart;
import io.espalier.models.ModelException.BadBundle;
import io.espalier.models.ModelException.CallFailed;
import io.espalier.models.ScriptedEndpoint.Asked;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What a remote verifier asks, and what it makes of the answers.
class RemoteVerifierTest {

  private static final String SECRET = "sk-0123456789abcdef";
  private static final Map<String, String> ENVIRONMENT = Map.of("VLM_KEY", SECRET);
  private static final Image IMAGE = new Image(2, 1, new byte[] {1, 2, 3, (byte) 200, 100, 0});
  private static final int RETRIES = 3;
  private static final int SAMPLES = 4;

  @TempDir private Path folder;
  private ScriptedEndpoint endpoint;

  @BeforeEach
  void start() throws IOException {
    endpoint = new ScriptedEndpoint();
  }

  @AfterEach
  void stop() {
    endpoint.close();
  }

  private RemotePart part(int concurrency, String question) {
    return new RemotePart(
        endpoint.url() + "/", "qwen", question, 10, RETRIES, concurrency, SAMPLES, "VLM_KEY");
  }

  private RemoteVerifier verifier(int concurrency, String question) {
    return new RemoteVerifier(
        "vqa", part(concurrency, question), ENVIRONMENT, Duration.ofMillis(1));
  }

  private RemoteVerifier verifier() {
    return verifier(1, RemotePart.VQA_SCORE);
  }

  private double score() {
    try (RemoteVerifier verifier = verifier()) {
      return verifier.score("a star", List.of(IMAGE)).values()[0];
    }
  }

  private CallFailed failure() {
    try (RemoteVerifier verifier = verifier()) {
      CallFailed failure =
          catchThrowableOfType(CallFailed.class, () -> verifier.score("a star", List.of(IMAGE)));
      assertThat(failure)
          .hasMessageStartingWith("%s/ (model qwen) ".formatted(endpoint.url()))
          .hasMessageNotContaining(SECRET);
      return failure;
    }
  }

  @Test
  void theScoreIsTheProbabilityOfYes() {
    endpoint.answers(sure(0.75));
    assertThat(score()).isCloseTo(0.75, within(1e-9));
  }

  @Test
  void itShowsTheImageAndAsksForTheLogProbabilitiesOfOneToken() throws IOException {
    endpoint.answers(sure(0.75));
    score();

    JsonNode body = endpoint.asked.getFirst().body();
    assertThat(body.path("model").asText()).isEqualTo("qwen");
    assertThat(body.path("temperature").asInt(-1)).isZero();
    assertThat(body.path("max_tokens").asInt()).isEqualTo(1);
    assertThat(body.path("logprobs").asBoolean()).isTrue();
    assertThat(body.path("top_logprobs").asInt()).isEqualTo(20);
    JsonNode content = body.path("messages").path(0).path("content");
    String url = content.path(0).path("image_url").path("url").asText();
    assertThat(url).startsWith("data:image/png;base64,");
    byte[] png = Base64.getDecoder().decode(url.substring(url.indexOf(',') + 1));
    assertThat(Png.decode(png).digest()).isEqualTo(IMAGE.digest());
    assertThat(content.path(1).path("text").asText())
        .isEqualTo("Does this figure show \"a star\"? Please answer yes or no.");
  }

  @Test
  void theQuestionIsTheBundles() {
    endpoint.answers(sure(0.5));
    try (RemoteVerifier verifier = verifier(1, "{prompt}, or not? {prompt}!")) {
      verifier.score("a $1 star", List.of(IMAGE));
    }
    assertThat(endpoint.asked.getFirst().body().findValue("text").asText())
        .isEqualTo("a $1 star, or not? a $1 star!");
  }

  @Test
  void withoutLogProbabilitiesItIsTheShareOfYesAmongClearAnswers() {
    endpoint.answers(says("No"), says("Yes."), says("hm"), says("no"), says("Yes, it does"));
    try (RemoteVerifier verifier = verifier()) {
      var scores = verifier.score("a star", List.of(IMAGE));

      assertThat(scores.values()[0]).isCloseTo(2 / 3.0, within(1e-9));
      assertThat(scores.warnings())
          .containsExactly(
              "vqa gets no log-probabilities: its scores are shares of yes among 4 answers");
    }
    List<Asked> samples = endpoint.asked.subList(1, endpoint.asked.size());
    assertThat(samples).hasSize(SAMPLES);
    assertThat(samples).allMatch(asked -> asked.body().path("temperature").asInt() == 1);
    assertThat(samples).noneMatch(asked -> asked.body().has("logprobs"));
    assertThat(samples)
        .extracting(asked -> asked.body().path("seed").asInt())
        .doesNotHaveDuplicates();
  }

  @Test
  void whereTheyAreRefusedItSamplesToo() {
    endpoint.answers(
        status(400, "{\"error\": \"Unsupported parameter: 'logprobs'\"}"), says("yes"));
    assertThat(score()).isEqualTo(1);
  }

  @Test
  void itWaitsForAsLongAsItIsAskedTo() {
    endpoint.answers(status(429, "slower", "Retry-After", "1"), sure(0.5));
    score();
    assertThat(endpoint.asked.get(1).nanos() - endpoint.asked.get(0).nanos())
        .isGreaterThanOrEqualTo(Duration.ofSeconds(1).toNanos());
  }

  @Test
  void itWaitsUntilADate() {
    Instant later = Instant.now().plusSeconds(2);
    String date = DateTimeFormatter.RFC_1123_DATE_TIME.format(later.atOffset(ZoneOffset.UTC));
    endpoint.answers(status(503, "loading", "Retry-After", date), sure(0.5));
    score();
    assertThat(Instant.now()).isAfter(later.minusSeconds(1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"soon", "-5", "", "Wed, 21 Oct 2015 07:28:00 GMT"})
  void aWaitThatMakesNoSenseIsNone(String wait) {
    endpoint.answers(status(429, "slower", "Retry-After", wait), sure(0.5));
    assertThat(score()).isEqualTo(0.5);
  }

  @Test
  void aWaitThatIsTooLongEndsItAtOnce() {
    endpoint.answers(status(429, "quota exceeded", "Retry-After", "86400"));
    assertThat(failure())
        .hasMessageContaining("no request for the next 86400 s")
        .hasMessageContaining("quota exceeded");
    assertThat(endpoint.asked).hasSize(1);
  }

  @Test
  void afterThreeFailuresTheFourthAttemptCounts() {
    endpoint.answers(status(500, ""), status(502, ""), status(500, ""), sure(0.5));
    assertThat(score()).isEqualTo(0.5);
  }

  @Test
  void afterTheLastAttemptItSaysWhatItWasTold() {
    endpoint.answers(status(500, "CUDA out of memory"));
    assertThat(failure())
        .hasMessageContaining("answered 500: CUDA out of memory; attempts made: 4");
    assertThat(endpoint.asked).hasSize(1 + RETRIES);
  }

  @Test
  void aRefusedKeyIsSaidAtOnceAndNotShown() {
    endpoint.answers(status(401, "Incorrect API key provided: %s.".formatted(SECRET)));
    assertThat(failure())
        .hasMessageContaining("answered 401: Incorrect API key provided: ***.")
        .hasMessageContaining("put a key that it takes into the environment variable VLM_KEY");
    assertThat(endpoint.asked).hasSize(1);
  }

  @Test
  void anUnknownModelIsSaidAtOnce() {
    endpoint.answers(status(404, "{\"error\": {\"message\": \"no model qwen\"}}"));
    assertThat(failure())
        .hasMessageContaining("no model qwen")
        .hasMessageContaining("%s/models lists".formatted(endpoint.url()));
    assertThat(endpoint.asked).hasSize(1);
  }

  @Test
  void aRedirectIsNotFollowedSoThatTheKeyStaysHere() throws IOException {
    try (ScriptedEndpoint elsewhere = new ScriptedEndpoint()) {
      elsewhere.answers(sure(0.9));
      String target = elsewhere.url() + "/chat/completions";
      endpoint.answers(status(307, "", "Location", target));
      assertThat(failure()).hasMessageContaining("answered 307").hasMessageContaining("redirect");
      assertThat(elsewhere.asked).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "<html><body>Welcome to the proxy</body></html>",
        "yes",
        "",
        "null",
        "[]",
        "{}",
        "{\"choices\": []}",
        "{\"choices\": {}}",
        "{\"choices\": [null]}",
        "{\"choices\": [{\"message\": \"Yes\"}]}",
        "{\"choices\": [{\"message\": {\"content\": \"Yes\"}"
      })
  void whatIsNoCompletionIsQuoted(String body) {
    endpoint.answers(status(200, body));
    assertThat(failure())
        .hasMessageContaining("gave no chat completion: " + (body.isEmpty() ? "(nothing)" : body));
    assertThat(endpoint.asked).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"message\": {\"content\": \"maybe\"}}",
        "{\"message\": {\"content\": null, \"note\": \"maybe\"}}",
        "{\"message\": {\"content\": \"maybe\"}, \"logprobs\": {\"content\": [{\"top_logprobs\": [{\"token\": \"maybe\", \"logprob\": 0}]}]}}",
        "{\"message\": {\"content\": \"maybe\"}, \"logprobs\": {\"content\": [{\"top_logprobs\": [{\"token\": \"yes\", \"logprob\": \"high\"}]}]}}"
      })
  void anAnswerThatIsNeitherYesNorNoIsQuoted(String choice) {
    endpoint.answers(status(200, "{\"choices\": [%s]}".formatted(choice)));
    assertThat(failure())
        .hasMessageContaining("answered neither yes nor no")
        .hasMessageContaining("maybe");
  }

  @Test
  void aLongAnswerIsCut() {
    endpoint.answers(status(200, "blah\n".repeat(10_000)));
    assertThat(failure().getMessage()).hasSizeLessThan(400).contains("blah blah").endsWith("…");
  }

  @Test
  void noMoreQuestionsAreOpenThanThereMayBe() {
    int limit = 3;
    CountDownLatch gate = new CountDownLatch(1);
    endpoint.answers(
        exchange -> {
          waitFor(gate);
          sure(0.5).to(exchange);
        });
    try (RemoteVerifier verifier = verifier(limit, RemotePart.VQA_SCORE)) {
      Executor own = verifier.ownThreads().orElseThrow();
      List<CompletableFuture<Void>> calls = new ArrayList<>();
      for (int i = 0; i < 4 * limit; i++) {
        calls.add(CompletableFuture.runAsync(() -> verifier.score("a star", List.of(IMAGE)), own));
      }
      await().until(() -> endpoint.asked.size() >= limit);
      await().during(Duration.ofMillis(300)).until(() -> endpoint.asked.size() == limit);

      gate.countDown();
      CompletableFuture.allOf(calls.toArray(CompletableFuture[]::new)).join();
    }
    assertThat(endpoint.asked).hasSize(4 * limit);
  }

  private static void waitFor(CountDownLatch gate) throws IOException {
    try {
      gate.await();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  @Test
  void theKeyIsSent() {
    endpoint.answers(sure(0.5));
    score();
    assertThat(endpoint.asked.getFirst().header("Authorization")).isEqualTo("Bearer " + SECRET);
  }

  @Test
  void theKeyMayLieInAFile() throws IOException {
    Path file = Files.writeString(folder.resolve("key"), "in-a-file\n");
    endpoint.answers(sure(0.5));
    Map<String, String> environment = Map.of("VLM_KEY_FILE", file.toString());
    try (RemoteVerifier verifier =
        new RemoteVerifier(
            "vqa", part(1, RemotePart.VQA_SCORE), environment, Duration.ofMillis(1))) {
      verifier.score("a star", List.of(IMAGE));
    }
    assertThat(endpoint.asked.getFirst().header("Authorization")).isEqualTo("Bearer in-a-file");
  }

  @Test
  void aKeyThatIsMissingOrCannotBeOneIsNamedWhenTheBundleIsOpened() {
    refused(Map.of(), "needs a key: put it into the environment variable VLM_KEY");
    refused(Map.of("VLM_KEY_FILE", "/no/such/file"), "/no/such/file, which VLM_KEY_FILE names");
    refused(Map.of("VLM_KEY", SECRET + "\n" + SECRET), "what VLM_KEY holds cannot be a key");
  }

  private void refused(Map<String, String> environment, String words) {
    assertThatThrownBy(
            () ->
                new RemoteVerifier(
                    "vqa", part(1, RemotePart.VQA_SCORE), environment, Duration.ofMillis(1)))
        .isInstanceOf(BadBundle.class)
        .hasMessageContaining(words)
        .hasMessageNotContaining(SECRET);
  }

  @Test
  void closingEndsOpenCallsAndLaterOnesFail() {
    CountDownLatch never = new CountDownLatch(1);
    endpoint.answers(_ -> waitFor(never));
    RemoteVerifier verifier = verifier();
    CompletableFuture<?> call =
        CompletableFuture.supplyAsync(
            () -> verifier.score("a star", List.of(IMAGE)), verifier.ownThreads().orElseThrow());
    await().until(() -> !endpoint.asked.isEmpty());

    verifier.close();

    assertThat(call)
        .failsWithin(Duration.ofSeconds(5))
        .withThrowableThat()
        .withCauseInstanceOf(CallFailed.class)
        .withMessageContaining("was closed while it was asked");
    assertThatThrownBy(() -> verifier.score("a star", List.of(IMAGE)))
        .isInstanceOf(CallFailed.class)
        .hasMessage("vqa is closed");
  }
}
