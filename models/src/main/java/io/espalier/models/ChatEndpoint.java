package io.espalier.models;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.failsafe.ExecutionContext;
import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeException;
import dev.failsafe.FailsafeExecutor;
import dev.failsafe.RetryPolicy;
import io.espalier.models.ModelException.CallFailed;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// An OpenAI-compatible chat endpoint. Requests go out and are tried again while there is hope:
/// after time-outs, broken connections, 429 and 5xx, with growing pauses, and no sooner than the
/// endpoint asks for. Redirects are not followed, so the key goes nowhere else. Safe for any
/// number of threads; a call waits on its caller's, which may be interrupted.
final class ChatEndpoint implements AutoCloseable {

  private static final Duration LONGEST_CONNECT = Duration.ofSeconds(10);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(2);
  private static final Duration USUAL_PAUSE = Duration.ofNanos(-1); // as Failsafe has it
  private static final double JITTER = 0.2;
  private static final int LARGEST_ANSWER = 1 << 20;
  private static final int QUOTED = 200;

  /// What may go well another time.
  private static final class Passing extends RuntimeException {

    private final Duration wait;

    /// Without a cause: what others wrote is in no message but this one, from which the key is
    /// taken out.
    Passing(String message, Duration wait) {
      super(message);
      this.wait = wait;
    }
  }

  private final String name;
  private final URI base;
  private final Duration timeout;
  private final int retries;
  private final ApiKey key;
  private final HttpClient http;
  private final HttpRequest.Builder requests;
  private final FailsafeExecutor<ChatReply> patiently;

  /// Makes no connection yet.
  ///
  /// @param firstPause before a request is tried again for the first time; each one after it is
  ///     twice as long
  ChatEndpoint(Manifest.RemotePart part, ApiKey key, Duration firstPause) {
    this.key = key;
    name = "%s (model %s)".formatted(part.endpoint(), part.model());
    base = URI.create(part.endpoint().replaceFirst("/+$", ""));
    timeout = Duration.ofSeconds(part.timeoutSeconds());
    retries = part.retries();
    // Not HTTP/2: some servers stumble over the upgrade that a plain connection begins with.
    http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(timeout.compareTo(LONGEST_CONNECT) < 0 ? timeout : LONGEST_CONNECT)
            .build();
    requests =
        HttpRequest.newBuilder(URI.create(base + "/chat/completions"))
            .header("Content-Type", "application/json")
            .header("Accept", "application/json");
    key.authorization().ifPresent(value -> requests.header("Authorization", value));
    patiently =
        Failsafe.with(
            RetryPolicy.<ChatReply>builder()
                .handle(Passing.class)
                .withBackoff(firstPause, LONGEST_PAUSE)
                .withDelayFnOn(ChatEndpoint::pause, Passing.class)
                .withJitter(JITTER)
                .withMaxRetries(retries)
                .build());
  }

  /// Sends a request until it is answered.
  ///
  /// @return an answer, or a refusal that would be the same again
  /// @throws CallFailed where there is none after all attempts, or the thread was interrupted
  ChatReply send(ObjectNode question) {
    HttpRequest request =
        requests.copy().POST(BodyPublishers.ofString(question.toString())).build();
    try {
      return patiently.get(() -> once(request));
    } catch (Passing e) {
      throw new CallFailed("%s; attempts made: %d".formatted(e.getMessage(), 1 + retries), e);
    } catch (FailsafeException e) {
      throw new CallFailed("%s was closed while it was asked".formatted(name), e);
    }
  }

  private ChatReply once(HttpRequest request) throws InterruptedException {
    CompletableFuture<HttpResponse<byte[]>> exchange =
        http.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), LARGEST_ANSWER));
    try {
      HttpResponse<byte[]> response = exchange.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
      ChatReply reply =
          new ChatReply(response.statusCode(), new String(response.body(), StandardCharsets.UTF_8));
      if (reply.isPassing()) {
        throw passing(reply, waitAskedFor(response));
      }
      return reply;
    } catch (TimeoutException _) {
      throw new Passing(
          "%s gave no whole answer within %d s".formatted(name, timeout.toSeconds()),
          Duration.ZERO);
    } catch (ExecutionException e) {
      throw new Passing(
          "%s cannot be asked: %s".formatted(name, key.redacted(String.valueOf(e.getCause()))),
          Duration.ZERO);
    } finally {
      exchange.cancel(true);
    }
  }

  private RuntimeException passing(ChatReply reply, Duration wait) {
    if (wait.compareTo(LONGEST_WAIT) > 0) {
      return failure(
          "wants no request for the next %d s, and that is too long to wait"
              .formatted(wait.toSeconds()),
          reply);
    }
    return new Passing(described("answered %d".formatted(reply.status()), reply), wait);
  }

  private static Duration waitAskedFor(HttpResponse<?> response) {
    Optional<String> header = response.headers().firstValue("Retry-After").map(String::strip);
    if (header.isEmpty()) {
      return Duration.ZERO;
    }
    try {
      return header.get().matches("\\d{1,9}")
          ? Duration.ofSeconds(Long.parseLong(header.get()))
          : Duration.between(
              Instant.now(),
              ZonedDateTime.parse(header.get(), DateTimeFormatter.RFC_1123_DATE_TIME));
    } catch (DateTimeException _) {
      return Duration.ZERO;
    }
  }

  /// What was asked for and so much more that no jitter makes it less.
  private static Duration pause(ExecutionContext<ChatReply> attempt) {
    Duration wait = attempt.<Passing>getLastException().wait;
    return wait.isPositive()
        ? Duration.ofMillis((long) Math.ceil(wait.toMillis() / (1 - JITTER)))
        : USUAL_PAUSE;
  }

  /// A refusal in words, with what to do about it.
  CallFailed refusal(ChatReply reply) {
    CallFailed failure = failure("answered %d".formatted(reply.status()), reply);
    return new CallFailed("%s; %s".formatted(failure.getMessage(), advice(reply)));
  }

  private String advice(ChatReply reply) {
    if (reply.isRedirect()) {
      return "redirects are not followed: write the right address into verifier.remote.endpoint";
    }
    return switch (reply.status()) {
      case 401, 403 -> key.advice();
      case 404 ->
          "compare verifier.remote.endpoint and model with what %s/models lists".formatted(base);
      default -> "it must take chat completions with an image; see docs/bundles.md";
    };
  }

  /// What is wrong with a reply, and how it begins.
  CallFailed failure(String problem, ChatReply reply) {
    return new CallFailed(described(problem, reply));
  }

  private String described(String problem, ChatReply reply) {
    String body = key.redacted(reply.body()).strip().replaceAll("\\s+", " ");
    String quoted = body.length() > QUOTED ? body.substring(0, QUOTED) + "…" : body;
    return "%s %s: %s".formatted(name, problem, quoted.isEmpty() ? "(nothing)" : quoted);
  }

  /// Ends what is still on its way.
  @Override
  public void close() {
    http.shutdownNow();
  }
}
