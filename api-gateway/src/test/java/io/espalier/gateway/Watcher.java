package io.espalier.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.restassured.RestAssured;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

/// Somebody who watches a job over a connection of their own.
final class Watcher implements AutoCloseable {

  /// An event as it came over the wire.
  record Event(String id, String name, String data) {}

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final HttpResponse<Stream<String>> response;
  private final List<Event> events = new CopyOnWriteArrayList<>();
  private final List<String> comments = new CopyOnWriteArrayList<>();
  private final Map<String, String> fields = new HashMap<>();
  private volatile boolean over;

  private Watcher(HttpRequest request) throws IOException, InterruptedException {
    response = client.send(request, BodyHandlers.ofLines());
  }

  static Watcher of(String job) throws IOException, InterruptedException {
    return open(job, HttpRequest.newBuilder());
  }

  static Watcher of(String job, long lastEvent) throws IOException, InterruptedException {
    return open(job, HttpRequest.newBuilder().header("Last-Event-ID", Long.toString(lastEvent)));
  }

  private static Watcher open(String job, HttpRequest.Builder request)
      throws IOException, InterruptedException {
    String uri = "http://localhost:%d/v1/jobs/%s/events".formatted(RestAssured.port, job);
    Watcher watcher = new Watcher(request.uri(URI.create(uri)).build());
    Thread.ofVirtual().start(watcher::read);
    return watcher;
  }

  private void read() {
    try (Stream<String> lines = response.body()) {
      lines.forEach(this::line);
    } catch (UncheckedIOException _) {
      // this side has closed the connection
    }
    over = true;
  }

  private void line(String line) {
    if (line.startsWith(":")) {
      comments.add(line);
    } else if (!line.isEmpty()) {
      int colon = line.indexOf(':');
      fields.put(line.substring(0, colon), line.substring(colon + 1).strip());
    } else if (fields.containsKey("data")) {
      events.add(
          new Event(
              fields.getOrDefault("id", ""),
              fields.getOrDefault("event", ""),
              fields.getOrDefault("data", "")));
      fields.clear();
    }
  }

  int statusCode() {
    return response.statusCode();
  }

  List<Event> events() {
    return events;
  }

  List<String> comments() {
    return comments;
  }

  List<String> ids() {
    return events.stream().map(Event::id).toList();
  }

  void awaitIds(String... ids) {
    await().untilAsserted(() -> assertThat(ids()).containsExactly(ids));
  }

  void awaitEnd() {
    await().until(() -> over);
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
