package io.espalier.infra;

import io.espalier.infra.InfraException.StartFailed;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.Feature;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A real Kafka in this process: one broker, which is its own controller (KRaft).
///
/// Plain text, and open to whoever reaches 127.0.0.1. Topics, records and committed offsets
/// outlive the process, however it ends; like any Kafka it leaves it to the operating system when
/// they reach the disk. Thread-safe.
public final class EmbeddedKafka implements EmbeddedServer {

  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedKafka.class);
  private static final String HOST = ServerFolder.HOST.getHostAddress();

  private final KafkaRaftServer broker;
  private final int port;

  private EmbeddedKafka(KafkaRaftServer broker, int port) {
    this.broker = broker;
    this.port = port;
  }

  /// Starts a broker that keeps its state in a folder, and returns when it serves.
  ///
  /// @param port 0 for that of the last start in this folder, or any
  /// @throws InfraException where it cannot start
  public static EmbeddedKafka start(Path folder, int port) {
    ServerLogs.quiet("kafka", "org.apache.kafka", "state.change.logger");
    ServerFolder home = ServerFolder.open("Kafka", folder);
    int listener = home.port(port);
    try {
      KafkaConfig config = config(home.data(), listener, home.freePort());
      format(config, home.data());
      return new EmbeddedKafka(started(config), listener);
    } catch (Exception e) {
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      throw new StartFailed(
          "Kafka did not start in %s: %s; the log has more, and an empty folder starts anew"
              .formatted(folder, e),
          e);
    }
  }

  private static KafkaConfig config(Path data, int listener, int controller) throws IOException {
    Properties properties = new Properties();
    try (InputStream settings =
        Objects.requireNonNull(EmbeddedKafka.class.getResourceAsStream("kafka.properties"))) {
      properties.load(settings);
    }
    properties.setProperty("log.dirs", data.toString());
    properties.setProperty(
        "listeners",
        "PLAINTEXT://%s:%d,CONTROLLER://%s:%d".formatted(HOST, listener, HOST, controller));
    properties.setProperty(
        "controller.quorum.voters",
        "%s@%s:%d".formatted(properties.getProperty("node.id"), HOST, controller));
    return KafkaConfig.fromProps(properties, false);
  }

  /// Gives an empty folder its cluster. `meta.properties` is written last: a start that was
  /// killed before that is made again.
  private static void format(KafkaConfig config, Path data) throws Exception {
    if (Files.exists(data.resolve("meta.properties"))) {
      return;
    }
    new Formatter()
        .setPrintStream(
            new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
        .setSupportedFeatures(Feature.PRODUCTION_FEATURES)
        .setClusterId(Uuid.randomUuid().toString())
        .setNodeId(config.nodeId())
        .setControllerListenerName("CONTROLLER")
        .setMetadataLogDirectory(data.toString())
        .addDirectory(data.toString())
        .run();
  }

  private static KafkaRaftServer started(KafkaConfig config) {
    KafkaRaftServer broker = new KafkaRaftServer(config, Time.SYSTEM);
    try {
      broker.startup();
      return broker;
    } catch (Throwable e) {
      broker.shutdown();
      throw e;
    }
  }

  /// Where clients find it, as `bootstrap.servers`.
  public String bootstrapServers() {
    return HOST + ":" + port;
  }

  /// Stops it in good order.
  @Override
  public void close() {
    try {
      broker.shutdown();
      broker.awaitShutdown();
    } catch (RuntimeException e) {
      LOG.warn("Kafka at {} did not stop in good order", bootstrapServers(), e);
    }
  }
}
