package io.espalier.models;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// A chat endpoint that answers what it is told, in this order, the last answer for good.
final class ScriptedEndpoint implements AutoCloseable {

  /// What came in.
  record Asked(JsonNode body, Headers headers, long nanos) {

    String header(String name) {
      return headers.getFirst(name);
    }
  }

  /// How to answer a request.
  @FunctionalInterface
  interface Answer {
    void to(HttpExchange exchange) throws IOException;
  }

  final List<Asked> asked = new CopyOnWriteArrayList<>();
  private final Queue<Answer> script = new ArrayDeque<>();
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  ScriptedEndpoint() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/v1/chat/completions", this::handle);
    server.start();
  }

  String url() {
    return "http://127.0.0.1:%d/v1".formatted(server.getAddress().getPort());
  }

  void answers(Answer... answers) {
    script.addAll(List.of(answers));
  }

  static Answer status(int status, String body, String... headers) {
    return exchange -> {
      for (int i = 0; i < headers.length; i += 2) {
        exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
      }
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
      exchange.getResponseBody().write(bytes);
    };
  }

  /// A completion with the log-probabilities of yes and no.
  static Answer sure(double yes) {
    return status(
        200,
        """
        {"choices": [{"message": {"content": "Yes"}, "logprobs": {"content": [{"top_logprobs": [
          {"token": "Yes", "logprob": %s}, {"token": "No", "logprob": %s}]}]}}]}
        """
            .formatted(Math.log(yes), Math.log(1 - yes)));
  }

  /// A completion without log-probabilities.
  static Answer says(String text) {
    return status(
        200,
        "{\"choices\": [{\"message\": {\"content\": \"%s\"}, \"logprobs\": null}]}"
            .formatted(text));
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      JsonNode body = Manifest.JSON.readTree(exchange.getRequestBody());
      Answer answer;
      synchronized (script) {
        asked.add(new Asked(body, exchange.getRequestHeaders(), System.nanoTime()));
        answer = script.size() > 1 ? script.remove() : script.element();
      }
      answer.to(exchange);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
