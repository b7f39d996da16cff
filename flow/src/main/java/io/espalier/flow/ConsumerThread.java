package io.espalier.flow;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A Kafka consumer of committed records with a thread of its own, which takes turn after turn
/// until it is stopped. A turn that fails for Kafka's sake is logged and taken again.
public final class ConsumerThread {

  private static final Logger LOG = LoggerFactory.getLogger(ConsumerThread.class);
  private static final Duration FAREWELL = Duration.ofSeconds(5);

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Consumer<KafkaConsumer<byte[], byte[]>> turn;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread thread;

  /// Makes a thread, to be started.
  ///
  /// @param broker what the Kafka client is told, such as `bootstrap.servers`
  /// @param more goes before that, such as a group
  /// @param turn polls the consumer once and does what is to be done
  public ConsumerThread(
      String name,
      Map<String, Object> broker,
      Map<String, String> more,
      Consumer<KafkaConsumer<byte[], byte[]>> turn) {
    Map<String, Object> configuration = new HashMap<>(broker);
    configuration.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    configuration.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    configuration.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    configuration.putAll(more);
    this.consumer =
        new KafkaConsumer<>(
            configuration, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    this.turn = turn;
    this.thread = Thread.ofPlatform().name(name).daemon().unstarted(this::run);
  }

  public void start() {
    thread.start();
  }

  public boolean alive() {
    return thread.isAlive();
  }

  public boolean stopping() {
    return stopped.getCount() == 0;
  }

  private void run() {
    try (consumer) {
      while (!stopping()) {
        try {
          turn.accept(consumer);
        } catch (WakeupException | InterruptException e) {
          LOG.debug("the {} are no longer read", thread.getName(), e);
        } catch (KafkaException e) {
          LOG.warn("the {} cannot be read at the moment: {}", thread.getName(), e.getMessage());
          pause();
        }
      }
    }
  }

  /// Waits a little before something is tried again; for the thread itself.
  public void pause() {
    try {
      if (stopped.await(1, TimeUnit.SECONDS)) {
        LOG.debug("the {} are no longer read", thread.getName());
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /// Ends after the current turn, and waits for that a little.
  public void stop() {
    stopped.countDown();
    consumer.wakeup();
    try {
      if (thread.isAlive() && !thread.join(FAREWELL)) {
        LOG.warn("the {} are still being read", thread.getName());
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
