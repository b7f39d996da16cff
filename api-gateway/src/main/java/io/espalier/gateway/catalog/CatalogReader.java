package io.espalier.gateway.catalog;

import io.espalier.contracts.CatalogEntry;
import io.espalier.contracts.Topics;
import io.espalier.flow.ConsumerThread;
import io.espalier.flow.Records;
import io.espalier.flow.UnreadableRecordException;
import io.espalier.gateway.Background;
import io.smallrye.common.annotation.Identifier;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Follows the catalog's topic from its beginning, without a consumer group, on a thread of its
/// own.
@Singleton
public final class CatalogReader implements Background {

  private static final Logger LOG = LoggerFactory.getLogger(CatalogReader.class);
  private static final Duration POLL = Duration.ofSeconds(1);

  private final LiveCatalog catalog;
  private final ConsumerThread thread;
  private Map<TopicPartition, Long> ends = Map.of();
  private volatile boolean caughtUp;

  CatalogReader(
      LiveCatalog catalog, @Identifier("default-kafka-broker") Map<String, Object> broker) {
    this.catalog = catalog;
    this.thread = new ConsumerThread("catalog entries", broker, Map.of(), this::read);
  }

  /// Begins to read, once the topic is there.
  public void start() {
    thread.start();
  }

  /// Whether everything was read that was told before the start.
  public boolean caughtUp() {
    return caughtUp;
  }

  @Override
  public String name() {
    return "catalog";
  }

  @Override
  public boolean healthy() {
    return thread.healthy();
  }

  private void read(KafkaConsumer<byte[], byte[]> consumer) {
    if (consumer.assignment().isEmpty()) {
      ends = assign(consumer);
    }
    consumer.poll(POLL).forEach(this::note);
    caughtUp =
        caughtUp
            || ends.entrySet().stream()
                .allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
  }

  private static Map<TopicPartition, Long> assign(KafkaConsumer<byte[], byte[]> consumer) {
    List<TopicPartition> partitions =
        consumer.partitionsFor(Topics.CATALOG).stream()
            .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
            .toList();
    if (partitions.isEmpty()) {
      throw new KafkaException("there is no topic " + Topics.CATALOG);
    }
    consumer.assign(partitions);
    consumer.seekToBeginning(partitions);
    return consumer.endOffsets(partitions);
  }

  private void note(ConsumerRecord<byte[], byte[]> record) {
    try {
      String name = new String(record.key(), StandardCharsets.UTF_8);
      catalog.tell(
          name, record.value() == null ? null : Records.read(record.value(), CatalogEntry.class));
    } catch (UnreadableRecordException | NullPointerException e) {
      LOG.warn("passed over an unreadable entry of the catalog (offset {})", record.offset(), e);
    }
  }

  /// Reads no more.
  public void stop() {
    thread.stop();
  }
}
