package io.espalier.flow;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.mutiny.Multi;
import io.smallrye.reactive.messaging.kafka.KafkaConnector;
import io.smallrye.reactive.messaging.kafka.api.IncomingKafkaRecordMetadata;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.eclipse.microprofile.reactive.messaging.Message;

/// The queue of a fleet: committed records of a topic, shared by a consumer group, each handed
/// out again until it is done. A record's offset is committed once it and all before it are done,
/// so work may end in any order; the consumer pauses while nobody asks for more.
public final class WorkQueue {

  /// A record that awaits its work.
  public static final class Item {
    private final Message<?> message;
    private final ConsumerRecord<byte[], byte[]> record;

    @SuppressWarnings("unchecked")
    private Item(Message<?> message) {
      this.message = message;
      this.record =
          (ConsumerRecord<byte[], byte[]>)
              Objects.requireNonNull(
                      message.getMetadata(IncomingKafkaRecordMetadata.class).orElse(null))
                  .getRecord();
    }

    public ConsumerRecord<byte[], byte[]> record() {
      return record;
    }

    /// The work is done and all that came of it is on the broker.
    public CompletionStage<Void> done() {
      return message.ack();
    }
  }

  private WorkQueue() {}

  /// Opens a queue. Items arrive on the connector's own thread: move the work to another.
  ///
  /// @param name the channel's name, in health and metrics
  /// @param configuration more for the connector or the Kafka client
  public static Multi<Item> open(
      KafkaConnector connector,
      String name,
      String topic,
      String group,
      Map<String, String> configuration) {
    Map<String, String> channel = new HashMap<>();
    channel.put("connector", KafkaConnector.CONNECTOR_NAME);
    channel.put("channel-name", name);
    channel.put("topic", topic);
    channel.put("group.id", group);
    channel.put("key.deserializer", ByteArrayDeserializer.class.getName());
    channel.put("value.deserializer", ByteArrayDeserializer.class.getName());
    channel.put("auto.offset.reset", "earliest");
    channel.put("isolation.level", "read_committed");
    channel.put("commit-strategy", "throttled");
    // Work may wait in the queue for longer than any limit; passing this one would stop the
    // consumer.
    channel.put("throttled.unprocessed-record-max-age.ms", "0");
    channel.put("cloud-events", "false");
    channel.putAll(configuration);
    return Multi.createFrom()
        .publisher(
            connector.getPublisher(
                new SmallRyeConfigBuilder()
                    .withSources(new PropertiesConfigSource(channel, name, 100))
                    .build()))
        .map(Item::new);
  }
}
