package io.espalier.standalone;

import static java.util.stream.Collectors.toSet;

import io.espalier.contracts.Topics;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/// Counts the committed records of every topic but the catalog's, changelogs included.
final class Traffic implements AutoCloseable {

  private final KafkaConsumer<byte[], byte[]> consumer;

  /// Begins with what comes from now on, on the topics that there are.
  Traffic(String bootstrapServers) {
    consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                bootstrapServers,
                "isolation.level",
                "read_committed",
                "enable.auto.commit",
                false),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer());
    Set<TopicPartition> partitions =
        consumer.listTopics().entrySet().stream()
            .filter(topic -> !topic.getKey().startsWith("__")) // the broker's own
            .filter(topic -> !topic.getKey().equals(Topics.CATALOG))
            .flatMap(topic -> topic.getValue().stream())
            .map(info -> new TopicPartition(info.topic(), info.partition()))
            .collect(toSet());
    consumer.assign(partitions);
    consumer.seekToEnd(partitions);
    partitions.forEach(consumer::position);
  }

  /// How many records came since the last call, by topic.
  Map<String, Integer> byTopic() {
    Map<TopicPartition, Long> ends = consumer.endOffsets(consumer.assignment());
    Map<String, Integer> counts = new TreeMap<>();
    while (ends.entrySet().stream()
        .anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
        counts.merge(record.topic(), 1, Integer::sum);
      }
    }
    return counts;
  }

  @Override
  public void close() {
    consumer.close();
  }
}
