package io.espalier.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.agroal.api.AgroalDataSource;
import io.espalier.contracts.CatalogEntry;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.JobRecord;
import io.espalier.contracts.Topics;
import io.espalier.flow.RecordSender;
import io.espalier.flow.Records;
import io.espalier.gateway.catalog.LiveCatalog;
import io.smallrye.common.annotation.Identifier;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;

/// All workers, played by a test: tells the catalog, reads what the gateway submits, and tells
/// what searches would.
@Singleton
public class Fleet {

  private final RecordSender sender;
  private final LiveCatalog catalog;
  private final AgroalDataSource database;
  private final Map<String, Object> broker;

  Fleet(
      RecordSender sender,
      LiveCatalog catalog,
      AgroalDataSource database,
      @Identifier("default-kafka-broker") Map<String, Object> broker) {
    this.sender = sender;
    this.catalog = catalog;
    this.database = database;
    this.broker = new HashMap<>(broker);
  }

  /// A gateway without jobs, before fleets that serve one generator and four verifiers.
  void begin() {
    Awaitility.setDefaultTimeout(Duration.ofSeconds(30));
    sql("delete from outbox");
    sql("delete from sweeps");
    sql("delete from jobs");
    tell(Told.generator("shapes-infinity", Told.GENERATOR_DIGEST));
    List<String> verifiers = List.of("aesthetic", "clip", "image-reward", "vlm");
    verifiers.forEach(verifier -> tell(Told.verifier(verifier)));
    await().untilAsserted(() -> assertThat(served()).containsAll(verifiers));
    await().untilAsserted(() -> assertThat(served()).contains("shapes-infinity"));
  }

  private Set<String> served() {
    return catalog.served().stream().map(CatalogEntry::name).collect(Collectors.toSet());
  }

  void tell(CatalogEntry entry) {
    sender.send(Topics.CATALOG, entry.name(), entry).join();
  }

  void tell(JobEvent event) {
    sender.send(Topics.EVENTS, event.jobId(), event).join();
  }

  /// A record as no fleet would write it.
  void tellRaw(String topic, String key, String value) throws Exception {
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(
            topic, key.getBytes(StandardCharsets.UTF_8), value.getBytes(StandardCharsets.UTF_8));
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(broker, new ByteArraySerializer(), new ByteArraySerializer())) {
      assertThat(producer.send(record).get().hasOffset()).isTrue();
    }
  }

  /// What the gateway has submitted of a job, in order.
  List<JobRecord> records(String job) {
    return read(Topics.JOBS).stream()
        .filter(record -> new String(record.key(), StandardCharsets.UTF_8).equals(job))
        .map(record -> Records.read(record.value(), JobRecord.class))
        .toList();
  }

  /// The jobs that were submitted.
  Set<String> submitted() {
    return read(Topics.JOBS).stream()
        .map(record -> Records.read(record.value(), JobRecord.class))
        .filter(JobRecord.Submitted.class::isInstance)
        .map(JobRecord::jobId)
        .collect(Collectors.toSet());
  }

  JobRecord.Submitted awaitSubmitted(String job) {
    await().untilAsserted(() -> assertThat(records(job)).isNotEmpty());
    assertThat(records(job).getFirst()).isInstanceOf(JobRecord.Submitted.class);
    return (JobRecord.Submitted) records(job).getFirst();
  }

  /// Everything that a topic holds.
  List<ConsumerRecord<byte[], byte[]>> read(String topic) {
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(broker, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(partition -> new TopicPartition(topic, partition.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
      while (ends.entrySet().stream()
          .anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
        consumer.poll(Duration.ofMillis(100)).forEach(records::add);
      }
      return records;
    }
  }

  /// Stores an event as another gateway would, but tells nobody.
  void storeElsewhere(JobEvent event) {
    sql(
        "insert into events (job_id, sequence, at, body) values (?, ?, now(), cast(? as jsonb))",
        UUID.fromString(event.jobId()),
        event.sequence(),
        new String(Records.write(event), StandardCharsets.UTF_8));
  }

  /// Asks the database for texts.
  List<String> query(String query, Object... parameters) {
    try (Connection connection = database.getConnection();
        PreparedStatement prepared = connection.prepareStatement(query)) {
      for (int i = 0; i < parameters.length; i++) {
        prepared.setObject(i + 1, parameters[i]);
      }
      List<String> texts = new ArrayList<>();
      try (ResultSet rows = prepared.executeQuery()) {
        while (rows.next()) {
          texts.add(rows.getString(1));
        }
      }
      return texts;
    } catch (SQLException e) {
      throw new AssertionError(query, e);
    }
  }

  /// A transaction that stays open until it is closed, such as another gateway's.
  interface Held extends AutoCloseable {
    @Override
    void close() throws SQLException;
  }

  /// Does something in a transaction that stays open.
  Held hold(String statement, Object... parameters) throws SQLException {
    Connection connection = database.getConnection();
    connection.setAutoCommit(false);
    try (PreparedStatement prepared = connection.prepareStatement(statement)) {
      for (int i = 0; i < parameters.length; i++) {
        prepared.setObject(i + 1, parameters[i]);
      }
      prepared.execute();
    }
    return () -> {
      connection.rollback();
      connection.setAutoCommit(true);
      connection.close();
    };
  }

  /// Changes the database behind the gateway's back.
  int sql(String statement, Object... parameters) {
    try (Connection connection = database.getConnection();
        PreparedStatement prepared = connection.prepareStatement(statement)) {
      for (int i = 0; i < parameters.length; i++) {
        prepared.setObject(i + 1, parameters[i]);
      }
      return prepared.executeUpdate();
    } catch (SQLException e) {
      throw new AssertionError(statement, e);
    }
  }
}
