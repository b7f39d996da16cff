package io.espalier.infra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.minio.GetObjectArgs;
import io.minio.MakeBucketArgs;
import io.minio.MinioClient;
import io.minio.PutObjectArgs;
import java.io.ByteArrayInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The three servers, as their clients see them.
class InfrastructureTest {

  private static final String TOPIC = "kept";

  @TempDir private Path folder;

  @Test
  void whatWasKeptIsThereAfterARestartAtTheSameAddresses() throws Exception {
    Path data = folder.resolve("data");
    String broker;
    String database;
    String store;
    try (Infrastructure servers = Infrastructure.start(data, Ports.ANY)) {
      broker = servers.kafka().bootstrapServers();
      database = servers.postgres().jdbcUrl();
      store = servers.s3().endpoint();
      send(broker, "a record");
      try (Connection connection = connect(servers);
          Statement statement = connection.createStatement()) {
        statement.execute("CREATE TABLE kept AS SELECT 'a row' AS value");
      }
      put(minio(servers), "an object");
    }
    try (Infrastructure servers = Infrastructure.start(data, Ports.ANY)) {
      assertThat(servers.kafka().bootstrapServers()).isEqualTo(broker);
      assertThat(servers.postgres().jdbcUrl()).isEqualTo(database);
      assertThat(servers.s3().endpoint()).isEqualTo(store);
      assertThat(first(broker)).isEqualTo("a record");
      try (Connection connection = connect(servers);
          Statement statement = connection.createStatement();
          ResultSet rows = statement.executeQuery("SELECT value FROM kept")) {
        assertThat(rows.next()).isTrue();
        assertThat(rows.getString(1)).isEqualTo("a row");
      }
      assertThat(get(minio(servers))).isEqualTo("an object");
      assertThat(synchronous(servers)).isEqualTo("on");
    }
  }

  @Test
  void aFolderIsHeldByOneAtATimeAndReadByItsOwnerAlone() throws Exception {
    Path data = folder.resolve("data");
    try (Infrastructure first = Infrastructure.start(data, Ports.ANY)) {
      assertThatThrownBy(() -> Infrastructure.start(data, Ports.ANY))
          .isInstanceOf(InfraException.DataFolderInUse.class)
          .hasMessageContaining(data.toRealPath().toString())
          .hasMessageContaining(Long.toString(ProcessHandle.current().pid()));
      assertThat(first.kafka().bootstrapServers()).startsWith("127.0.0.1:");
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(data)))
        .isEqualTo("rwx------");
  }

  @Test
  void aPortInUseIsNamedAndNothingIsLeftRunning() throws Exception {
    Path data = folder.resolve("data");
    try (ServerSocket taken = new ServerSocket()) {
      taken.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
      Ports ports = new Ports(0, 0, taken.getLocalPort());
      assertThatThrownBy(() -> Infrastructure.start(data, ports))
          .isInstanceOf(InfraException.PortInUse.class)
          .hasMessageContaining("S3 cannot listen on port " + taken.getLocalPort());
    }
    Infrastructure.start(data, Ports.ANY).close();
  }

  @Test
  void aFolderThatCannotBeMadeIsNamed() throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "no folder");
    assertThatThrownBy(() -> Infrastructure.start(file.resolve("data"), Ports.ANY))
        .isInstanceOf(InfraException.DataFolderNotWritable.class)
        .hasMessageContaining(file.toString());
  }

  private static void send(String broker, String value) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker))) {
      admin.createTopics(List.of(new NewTopic(TOPIC, 1, (short) 1))).all().get();
    }
    Map<String, Object> settings = Map.of("bootstrap.servers", broker, "acks", "all");
    try (var producer =
        new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
      producer.send(new ProducerRecord<>(TOPIC, "key", value)).get();
    }
  }

  private static String first(String broker) {
    Map<String, Object> settings =
        Map.of("bootstrap.servers", broker, "auto.offset.reset", "earliest");
    try (var consumer =
        new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
      consumer.assign(List.of(new TopicPartition(TOPIC, 0)));
      return Awaitility.await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> consumer.poll(Duration.ofMillis(200)), polled -> !polled.isEmpty())
          .records(TOPIC)
          .iterator()
          .next()
          .value();
    }
  }

  private static Connection connect(Infrastructure servers) throws Exception {
    EmbeddedPostgres postgres = servers.postgres();
    return DriverManager.getConnection(postgres.jdbcUrl(), postgres.user(), postgres.password());
  }

  /// Whether a commit is on the disk when it returns.
  private static String synchronous(Infrastructure servers) throws Exception {
    try (Connection connection = connect(servers);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SHOW fsync")) {
      rows.next();
      return rows.getString(1);
    }
  }

  private static MinioClient minio(Infrastructure servers) {
    EmbeddedS3 s3 = servers.s3();
    return MinioClient.builder()
        .endpoint(s3.endpoint())
        .credentials(s3.accessKey(), s3.secretKey())
        .build();
  }

  private static void put(MinioClient client, String value) throws Exception {
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    client.makeBucket(MakeBucketArgs.builder().bucket(TOPIC).build());
    client.putObject(
        PutObjectArgs.builder().bucket(TOPIC).object("object").stream(
                new ByteArrayInputStream(bytes), bytes.length, -1)
            .build());
  }

  private static String get(MinioClient client) throws Exception {
    try (var object =
        client.getObject(GetObjectArgs.builder().bucket(TOPIC).object("object").build())) {
      return new String(object.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
