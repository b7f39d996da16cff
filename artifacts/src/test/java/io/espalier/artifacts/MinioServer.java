package io.espalier.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.minio.MinioAsyncClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// MinIO's own server as a process on 127.0.0.1. It has a free port and random keys, which stay
/// the same from start to start, as do the artifacts in its folder.
final class MinioServer {

  private static final InetAddress HOST = InetAddress.ofLiteral("127.0.0.1");
  private static final Duration LONGEST_START = Duration.ofMinutes(1);
  private static final Duration LONGEST_ANSWER = Duration.ofSeconds(10);

  private final Path folder;
  private final Path log;
  private final URI endpoint;
  private final String accessKey = UUID.randomUUID().toString();
  private final String secretKey = UUID.randomUUID().toString();
  private @Nullable Process process;

  /// A server that does not run yet.
  ///
  /// @param folder takes its artifacts and its log
  MinioServer(Path folder) throws IOException {
    this.folder = folder;
    log = folder.resolve("minio.log");
    try (ServerSocket socket = new ServerSocket(0, 1, HOST)) {
      endpoint = URI.create("http://%s:%d".formatted(HOST.getHostAddress(), socket.getLocalPort()));
    }
  }

  MinioAsyncClient client() {
    return client(secretKey);
  }

  /// A client whose secret key is not this server's.
  MinioAsyncClient impostor() {
    return client("not " + secretKey);
  }

  private MinioAsyncClient client(String secret) {
    return MinioAsyncClient.builder()
        .endpoint(endpoint.toString())
        .credentials(accessKey, secret)
        .build();
  }

  /// Starts it, and returns when it serves.
  void start() throws MinioProgram.CannotBeBuilt, IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
                MinioProgram.built().toString(),
                "server",
                "--address",
                endpoint.getAuthority(),
                "--certs-dir",
                folder.resolve("certificates").toString(),
                folder.resolve("artifacts").toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().keySet().removeIf(name -> name.startsWith("MINIO_"));
    builder.environment().put("MINIO_ROOT_USER", accessKey);
    builder.environment().put("MINIO_ROOT_PASSWORD", secretKey);
    // No console, and no asking whether there is a newer release.
    builder.environment().put("MINIO_BROWSER", "off");
    builder.environment().put("MINIO_UPDATE", "off");
    Process started = builder.start();
    process = started;
    try (HttpClient http = HttpClient.newHttpClient()) {
      await("MinIO serves").atMost(LONGEST_START).until(() -> !started.isAlive() || isReady(http));
    }
    assertThat(started.isAlive())
        .as("MinIO runs; its log: %s", Files.readString(log, UTF_8))
        .isTrue();
  }

  /// The health of the whole server: `/minio/health/ready` is content before the server knows its
  /// buckets and keys.
  private boolean isReady(HttpClient http) throws InterruptedException {
    try {
      HttpRequest health =
          HttpRequest.newBuilder(endpoint.resolve("/minio/health/cluster"))
              .timeout(LONGEST_ANSWER)
              .build();
      return http.send(health, BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException _) {
      return false;
    }
  }

  /// Kills it, if it runs, with no chance to put anything in order.
  void kill() {
    if (process != null) {
      process.destroyForcibly().onExit().join();
    }
  }
}
