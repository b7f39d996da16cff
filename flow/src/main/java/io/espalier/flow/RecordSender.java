package io.espalier.flow;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/// Sends records. Safe for any number of threads; a sent record is on the broker once its future
/// is done.
public final class RecordSender implements AutoCloseable {

  private final Producer<byte[], byte[]> producer;

  public RecordSender(Producer<byte[], byte[]> producer) {
    this.producer = producer;
  }

  /// A sender that neither loses nor repeats a record while its broker is away for a while.
  ///
  /// @param configuration what the Kafka client is told, such as `bootstrap.servers`
  public static RecordSender connect(Map<String, Object> configuration) {
    Map<String, Object> all = new HashMap<>(configuration);
    all.put(ProducerConfig.ACKS_CONFIG, "all");
    all.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    all.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
    all.putIfAbsent(ProducerConfig.LINGER_MS_CONFIG, 0);
    all.putIfAbsent(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, TopicPlan.LARGEST_RECORD);
    return new RecordSender(
        new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer()));
  }

  /// Sends a record as JSON.
  public CompletableFuture<Void> send(String topic, String key, Object record) {
    return send(
        new ProducerRecord<>(topic, key.getBytes(StandardCharsets.UTF_8), Records.write(record)));
  }

  /// Sends a record as it is.
  @SuppressWarnings("FutureReturnValueIgnored") // the callback hears of every failure
  public CompletableFuture<Void> send(ProducerRecord<byte[], byte[]> record) {
    CompletableFuture<Void> sent = new CompletableFuture<>();
    producer.send(
        record,
        (_, error) -> {
          if (error == null) {
            sent.complete(null);
          } else {
            sent.completeExceptionally(error);
          }
        });
    return sent;
  }

  @Override
  public void close() {
    producer.close();
  }
}
