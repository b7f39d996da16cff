package io.espalier.flow;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A Kafka consumer of committed records with a thread of its own, which takes turn after turn
/// until it is stopped. A turn that fails for Kafka's sake is logged and taken again. After any
/// other failure, an `Error` too, and where another process took the consumer's name, the consumer
/// is made anew: what the old one had read may not have been taken, so a turn must assign or
/// subscribe a consumer that has no partitions.
public final class ConsumerThread {

  private static final Logger LOG = LoggerFactory.getLogger(ConsumerThread.class);

  private final String name;
  private final Map<String, Object> configuration;
  private final Consumer<KafkaConsumer<byte[], byte[]>> turn;
  private final Runnable last;
  private final LastingThread thread;
  private volatile @Nullable KafkaConsumer<byte[], byte[]> consumer;

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
    this(name, broker, more, turn, () -> {});
  }

  /// Makes a thread, to be started.
  ///
  /// @param last is done once it is stopped, before the consumer is closed
  public ConsumerThread(
      String name,
      Map<String, Object> broker,
      Map<String, String> more,
      Consumer<KafkaConsumer<byte[], byte[]>> turn,
      Runnable last) {
    this.name = name;
    this.configuration = new HashMap<>(broker);
    configuration.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    configuration.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    configuration.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    configuration.putAll(more);
    this.turn = turn;
    this.last = last;
    this.thread = new LastingThread(name, this::turn, this::end);
  }

  public void start() {
    thread.start();
  }

  /// Whether records are read, or will be as soon as Kafka can be reached.
  public boolean healthy() {
    return thread.healthy();
  }

  public boolean stopping() {
    return thread.stopping();
  }

  private void turn() {
    boolean whole = false;
    try {
      KafkaConsumer<byte[], byte[]> current = consumer;
      if (current == null) {
        current =
            new KafkaConsumer<>(
                configuration, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        consumer = current;
      }
      turn.accept(current);
      whole = true;
    } catch (WakeupException | InterruptException e) {
      LOG.debug("the {} are no longer read", name, e);
      whole = true;
    } catch (RebalanceInProgressException e) {
      LOG.debug(
          "partitions of the {} are being handed out; the next commit has this one's", name, e);
      whole = true;
    } catch (FencedInstanceIdException e) {
      throw e; // this consumer will never read again
    } catch (KafkaException e) {
      LOG.warn("the {} cannot be read at the moment: {}", name, e.getMessage());
      whole = true;
      pause();
    } finally {
      if (!whole) {
        close();
      }
    }
  }

  private void end() {
    try {
      last.run();
    } finally {
      close();
    }
  }

  private void close() {
    KafkaConsumer<byte[], byte[]> current = consumer;
    consumer = null;
    if (current != null) {
      current.close();
    }
  }

  /// Waits a little before something is tried again; for the thread itself.
  public void pause() {
    thread.pause();
  }

  /// Ends after the current turn, and waits for that a little.
  public void stop() {
    thread.stop(
        () -> {
          KafkaConsumer<byte[], byte[]> current = consumer;
          if (current != null) {
            current.wakeup();
          }
        });
  }
}
