package io.espalier.flow.service;

import io.espalier.flow.Membership;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import io.smallrye.reactive.messaging.kafka.KafkaConnector;
import io.smallrye.reactive.messaging.kafka.api.IncomingKafkaRecordMetadata;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.eclipse.microprofile.reactive.messaging.spi.Connector;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The queues of fleets: committed records of a topic, shared by a consumer group. A record's
/// offset is committed once the work on it and on all before it is done, so work may end in any
/// order, and what was not done when a process dies is done by another. The consumer pauses while
/// there is enough to do. A queue that is read no longer fails liveness.
@Singleton
public final class WorkQueues {

  private static final Logger LOG = LoggerFactory.getLogger(WorkQueues.class);
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
  private static final Duration FAREWELL = Duration.ofSeconds(10);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  private final KafkaConnector connector;
  private final FlowConfig config;
  private final Executor workers = Executors.newVirtualThreadPerTaskExecutor();
  private final Set<String> broken = ConcurrentHashMap.newKeySet();
  private final List<Cancellable> consumers = new CopyOnWriteArrayList<>();
  private final Phaser working = new Phaser(1);
  private volatile boolean stopping;

  WorkQueues(
      @Connector(KafkaConnector.CONNECTOR_NAME) KafkaConnector connector, FlowConfig config) {
    this.connector = connector;
    this.config = config;
  }

  /// Begins to work on a topic's records. Work that fails is tried again until it does not: what
  /// should be given up must say so by ending well.
  ///
  /// @param group shares the topic
  /// @param atOnce how many records are worked on at a time
  /// @param work may block: each record has a virtual thread
  public void consume(
      String topic, String group, int atOnce, Consumer<ConsumerRecord<byte[], byte[]>> work) {
    consumers.add(
        messages(topic, group)
            .onItem()
            .transformToUni(
                message ->
                    Uni.createFrom()
                        .item(record(message))
                        .emitOn(workers)
                        .invoke(record -> worked(record, work))
                        .onFailure()
                        .invoke(e -> LOG.warn("work of {} failed; it is tried again", topic, e))
                        .onFailure()
                        .retry()
                        .withBackOff(FIRST_PAUSE, LONGEST_PAUSE)
                        .indefinitely()
                        .chain(() -> Uni.createFrom().completionStage(message.ack())))
            .merge(atOnce)
            .subscribe()
            .with(_ -> {}, error -> fail(topic, error), () -> LOG.debug("{} is closed", topic)));
  }

  private void worked(
      ConsumerRecord<byte[], byte[]> record, Consumer<ConsumerRecord<byte[], byte[]>> work) {
    working.register();
    try {
      if (stopping) {
        throw new CancellationException("this process is stopping; another takes the record");
      }
      work.accept(record);
    } finally {
      working.arriveAndDeregister();
    }
  }

  /// Begins no more work and waits for what was begun, so that what it needs can be closed.
  ///
  /// @return whether it is all done
  public boolean stop() {
    stopping = true;
    consumers.forEach(Cancellable::cancel);
    try {
      working.awaitAdvanceInterruptibly(
          working.arrive(), FAREWELL.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException _) {
      LOG.warn("work goes on that should have ended; it is done again elsewhere");
      return false;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void fail(String topic, Throwable error) {
    broken.add(topic);
    LOG.error("{} is no longer read", topic, error);
  }

  private Multi<? extends Message<?>> messages(String topic, String group) {
    Map<String, String> channel = new HashMap<>();
    channel.put("connector", KafkaConnector.CONNECTOR_NAME);
    channel.put("channel-name", topic);
    channel.put("topic", topic);
    channel.put("group.id", group);
    channel.putAll(Membership.of(config.instance()));
    channel.put("key.deserializer", ByteArrayDeserializer.class.getName());
    channel.put("value.deserializer", ByteArrayDeserializer.class.getName());
    channel.put("auto.offset.reset", "earliest");
    channel.put("isolation.level", "read_committed");
    channel.put("commit-strategy", "throttled");
    channel.put("auto.commit.interval.ms", "1000");
    // Work may wait in the queue for longer than any limit; passing this one would stop the
    // consumer.
    channel.put("throttled.unprocessed-record-max-age.ms", "0");
    channel.put("cloud-events", "false");
    return Multi.createFrom()
        .publisher(
            connector.getPublisher(
                new SmallRyeConfigBuilder()
                    .withSources(new PropertiesConfigSource(channel, topic, 100))
                    .build()));
  }

  @SuppressWarnings("unchecked")
  private static ConsumerRecord<byte[], byte[]> record(Message<?> message) {
    return (ConsumerRecord<byte[], byte[]>)
        message.getMetadata(IncomingKafkaRecordMetadata.class).orElseThrow().getRecord();
  }

  /// The topics that are read no longer.
  Set<String> broken() {
    return Set.copyOf(broken);
  }
}
