package io.espalier.gateway;

import io.espalier.infra.Infrastructure;
import io.espalier.infra.Ports;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A real broker, a real database and a real store for the gateway under test, which is told to
/// be quick.
@QuarkusTestResource(Servers.class)
public final class Servers implements QuarkusTestResourceLifecycleManager {

  /// As few as show an order.
  static final int RUNNING = 4;

  /// Default searches fit, of 76 images each.
  static final int AVERAGE_SIZE = 100;

  private @Nullable Infrastructure servers;
  private @Nullable Path folder;

  @Override
  public Map<String, String> start() {
    Path made = folder();
    folder = made;
    Infrastructure started = Infrastructure.start(made, Ports.ANY);
    servers = started;
    URI s3 = URI.create(started.s3().endpoint());
    return Map.ofEntries(
        Map.entry("quarkus.http.test-port", "0"),
        Map.entry("kafka.bootstrap.servers", started.kafka().bootstrapServers()),
        Map.entry("quarkus.datasource.jdbc.url", started.postgres().jdbcUrl()),
        Map.entry("quarkus.datasource.username", started.postgres().user()),
        Map.entry("quarkus.datasource.password", started.postgres().password()),
        Map.entry("quarkus.minio.host", "http://" + s3.getHost()),
        Map.entry("quarkus.minio.port", Integer.toString(s3.getPort())),
        Map.entry("quarkus.minio.access-key", started.s3().accessKey()),
        Map.entry("quarkus.minio.secret-key", started.s3().secretKey()),
        Map.entry("espalier.topics.job-partitions", "2"),
        Map.entry("espalier.topics.work-partitions", "2"),
        Map.entry("espalier.artifacts.patience", "5s"),
        Map.entry("espalier.gateway.running", Integer.toString(RUNNING)),
        Map.entry("espalier.gateway.average-size", Integer.toString(AVERAGE_SIZE)),
        Map.entry("espalier.gateway.every", "200ms"),
        Map.entry("espalier.gateway.grace", "2s"),
        Map.entry("espalier.gateway.sweep-every", "200ms"),
        Map.entry("espalier.gateway.keep-jobs", "7d"),
        Map.entry("espalier.gateway.watching.every", "500ms"),
        Map.entry("espalier.gateway.watching.heartbeat", "1s"),
        Map.entry("espalier.gateway.watching.gap", "3s"));
  }

  private static Path folder() {
    try {
      return Files.createTempDirectory("espalier-gateway");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void stop() {
    if (servers != null) {
      servers.close();
    }
    if (folder != null) {
      delete(folder);
    }
  }

  /// Postgres' programs alone take a hundred megabytes.
  private static void delete(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
