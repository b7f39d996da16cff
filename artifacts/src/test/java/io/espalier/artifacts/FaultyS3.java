package io.espalier.artifacts;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.minio.MinioAsyncClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/// A server on 127.0.0.1 that answers S3 requests as a test wants: with errors, slowly or never.
final class FaultyS3 implements AutoCloseable {

  static final String BUCKET = "faulty";

  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpServer server;

  /// How one request is answered, on a thread of its own.
  interface Answer {
    void to(HttpExchange request) throws IOException;
  }

  FaultyS3(Answer answer) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext(
        "/",
        request -> {
          requests.add(request.getRequestMethod() + " " + request.getRequestURI());
          request.getRequestBody().readAllBytes();
          try (request) {
            answer.to(request);
          }
        });
    server.start();
  }

  /// A client that knows the region, so that a call is one request.
  MinioAsyncClient client() {
    return MinioAsyncClient.builder()
        .endpoint("http://127.0.0.1:" + server.getAddress().getPort())
        .credentials("access", "secret")
        .region("us-east-1")
        .build();
  }

  /// The requests so far, such as `GET /bucket/key`.
  List<String> requests() {
    return requests;
  }

  /// Answers with an S3 error document.
  static void error(HttpExchange request, int status, String code) throws IOException {
    xml(request, status, "<Error><Code>%s</Code><Message>no</Message></Error>".formatted(code));
  }

  static void xml(HttpExchange request, int status, String document) throws IOException {
    request.getResponseHeaders().set("Content-Type", "application/xml");
    bytes(request, status, document.getBytes(StandardCharsets.UTF_8));
  }

  static void bytes(HttpExchange request, int status, byte[] body) throws IOException {
    boolean bodiless = request.getRequestMethod().equals("HEAD") || body.length == 0;
    request.sendResponseHeaders(status, bodiless ? -1 : body.length);
    if (!bodiless) {
      request.getResponseBody().write(body);
    }
  }

  /// Says nothing until the server closes.
  void hang() {
    await(Long.MAX_VALUE);
  }

  /// Sends a body byte by byte, too fast for any limit on silence, until the server closes.
  void trickle(HttpExchange request) throws IOException {
    request.sendResponseHeaders(200, 1_000_000);
    while (!await(20)) {
      request.getResponseBody().write(1);
      request.getResponseBody().flush();
    }
  }

  private boolean await(long millis) {
    try {
      return closing.await(millis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException _) {
      return true;
    }
  }

  @Override
  public void close() {
    closing.countDown();
    server.stop(0);
    threads.close();
  }
}
