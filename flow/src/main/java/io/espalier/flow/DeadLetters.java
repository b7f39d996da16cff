package io.espalier.flow;

import io.espalier.contracts.Topics;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where records go that nobody could process: as they came, with headers that say why and from
/// where.
public final class DeadLetters {

  private static final Logger LOG = LoggerFactory.getLogger(DeadLetters.class);

  private final RecordSender sender;

  public DeadLetters(RecordSender sender) {
    this.sender = sender;
  }

  /// Lays a record aside.
  ///
  /// @param reason what is wrong with it
  public CompletableFuture<Void> add(ConsumerRecord<byte[], byte[]> record, String reason) {
    LOG.warn(
        "a record of {} (partition {}, offset {}) was laid aside: {}",
        record.topic(),
        record.partition(),
        record.offset(),
        reason);
    return sender.send(letter(record, reason));
  }

  /// The letter for a record.
  public static ProducerRecord<byte[], byte[]> letter(
      ConsumerRecord<byte[], byte[]> record, String reason) {
    ProducerRecord<byte[], byte[]> letter =
        new ProducerRecord<>(Topics.DEAD_LETTERS, record.key(), record.value());
    record.headers().forEach(letter.headers()::add);
    header(letter, "espalier-reason", reason);
    header(letter, "espalier-topic", record.topic());
    header(letter, "espalier-partition", Integer.toString(record.partition()));
    header(letter, "espalier-offset", Long.toString(record.offset()));
    return letter;
  }

  private static void header(ProducerRecord<byte[], byte[]> letter, String name, String value) {
    letter.headers().add(name, value.getBytes(StandardCharsets.UTF_8));
  }
}
