package io.espalier.standalone;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.JobRequest;
import io.espalier.contracts.TreeDocument;
import io.espalier.flow.Documents;
import io.espalier.flow.Records;
import io.espalier.gateway.http.BundlesDocument;
import io.espalier.gateway.http.CancelDocument;
import io.espalier.gateway.http.JobDocument;
import io.espalier.gateway.http.JobsDocument;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Iterator;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A gateway's HTTP API, as a client sees it. Safe for any number of threads; every call may be
/// interrupted.
final class Api {

  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration ANSWER = Duration.ofSeconds(60);
  private static final Duration BETWEEN_ATTEMPTS = Duration.ofSeconds(1);
  private static final int ATTEMPTS = 60;
  private static final int ERROR = 400;
  private static final int SERVER_ERROR = 500;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .addModule(new JavaTimeModule())
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();

  private final URI base;
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(CONNECT).build();

  /// @param base such as `http://localhost:8080`
  Api(URI base) {
    this.base = base;
  }

  URI base() {
    return base;
  }

  BundlesDocument bundles() throws InterruptedException {
    return read(send(to("/v1/bundles").GET()), BundlesDocument.class);
  }

  JobDocument submit(JobRequest request) throws InterruptedException {
    HttpRequest.Builder post =
        to("/v1/jobs")
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(Documents.jsonLine(request)));
    return read(send(post), JobDocument.class);
  }

  JobDocument job(String id) throws InterruptedException {
    return read(send(to(path(id)).GET()), JobDocument.class);
  }

  /// The newest jobs.
  ///
  /// @param status only those that stand there; all where absent
  JobsDocument jobs(@Nullable String status, int limit) throws InterruptedException {
    String only = status == null ? "" : "&status=" + encoded(status);
    return read(send(to("/v1/jobs?limit=" + limit + only).GET()), JobsDocument.class);
  }

  CancelDocument cancel(String id) throws InterruptedException {
    return read(send(to(path(id) + "/cancel").POST(BodyPublishers.noBody())), CancelDocument.class);
  }

  TreeDocument tree(String id) throws InterruptedException {
    return read(send(to(path(id) + "/tree").GET()), TreeDocument.class);
  }

  /// A candidate's image, PNG.
  byte[] candidate(String id, String lineage) throws InterruptedException {
    return send(to(path(id) + "/candidates/" + encoded(lineage) + "/image").GET());
  }

  /// Hands over a job's events from the first one, until it has ended. A connection that is lost
  /// is made anew, from where it was lost.
  void watch(String id, Consumer<JobEvent> watcher) throws InterruptedException {
    long last = -1;
    int failures = 0;
    while (true) {
      long before = last;
      try {
        last = watchOnce(id, last, watcher);
        if (last == OVER) {
          return;
        }
        failures = last > before ? 0 : failures + 1;
      } catch (IOException e) {
        failures++;
        if (failures > ATTEMPTS) {
          throw unreachable(e);
        }
      }
      Thread.sleep(BETWEEN_ATTEMPTS);
    }
  }

  private static final long OVER = Long.MAX_VALUE;

  /// @return the number of the last event, or [#OVER]
  private long watchOnce(String id, long after, Consumer<JobEvent> watcher)
      throws IOException, InterruptedException {
    HttpRequest.Builder request = HttpRequest.newBuilder(base.resolve(path(id) + "/events")).GET();
    if (after >= 0) {
      request.header("Last-Event-ID", Long.toString(after));
    }
    HttpResponse<Stream<String>> response = http.send(request.build(), BodyHandlers.ofLines());
    try (Stream<String> lines = response.body()) {
      if (response.statusCode() >= ERROR) {
        String body = String.join("\n", lines.toList());
        CommandException problem =
            problem(response.statusCode(), body.getBytes(StandardCharsets.UTF_8));
        if (response.statusCode() >= SERVER_ERROR) {
          throw new IOException(problem);
        }
        throw problem;
      }
      if (response.statusCode() == 204) {
        return OVER;
      }
      long last = after;
      for (Iterator<String> each = lines.iterator(); each.hasNext(); ) {
        String line = each.next();
        if (line.startsWith("data:")) {
          byte[] data = line.substring("data:".length()).strip().getBytes(StandardCharsets.UTF_8);
          JobEvent event = Records.read(data, JobEvent.class);
          watcher.accept(event);
          if (event instanceof JobEvent.Ended || event instanceof JobEvent.Rejected) {
            return OVER;
          }
          last = event.sequence();
        }
      }
      return last;
    } catch (java.io.UncheckedIOException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException("no longer watching job " + id);
      }
      throw e.getCause();
    }
  }

  private static String path(String id) {
    return "/v1/jobs/" + encoded(id);
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(base.resolve(path)).timeout(ANSWER);
  }

  private byte[] send(HttpRequest.Builder request) throws InterruptedException {
    try {
      HttpResponse<byte[]> response = http.send(request.build(), BodyHandlers.ofByteArray());
      if (response.statusCode() >= ERROR) {
        throw problem(response.statusCode(), response.body());
      }
      return response.body();
    } catch (IOException e) {
      throw unreachable(e);
    }
  }

  private CommandException unreachable(IOException cause) {
    return new CommandException(
        "no server answers at %s (%s); 'espalier serve' starts one".formatted(base, cause), cause);
  }

  private CommandException problem(int status, byte[] body) {
    try {
      JsonNode document = JSON.readTree(body);
      String detail = document.path("detail").asText(document.path("title").asText());
      if (!detail.isEmpty()) {
        return new CommandException(detail);
      }
    } catch (IOException e) {
      return new CommandException(
          "%s answers with status %d and no explanation; is it an Espalier gateway?"
              .formatted(base, status),
          e);
    }
    return new CommandException("%s answers with status %d".formatted(base, status));
  }

  private <T> T read(byte[] body, Class<T> type) {
    try {
      return JSON.readValue(body, type);
    } catch (JsonProcessingException e) {
      throw new CommandException(
          "%s does not answer as this version's gateway does: %s"
              .formatted(base, e.getOriginalMessage()),
          e);
    } catch (IOException e) {
      throw unreachable(e);
    }
  }
}
