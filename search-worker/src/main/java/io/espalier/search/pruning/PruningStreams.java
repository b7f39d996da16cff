package io.espalier.search.pruning;

import io.espalier.flow.Membership;
import io.espalier.flow.TopicPlan;
import io.espalier.flow.service.FlowConfig;
import io.espalier.search.SearchWorkerConfig;
import io.smallrye.common.annotation.Identifier;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Pruning's Kafka Streams application in this process.
@Singleton
public final class PruningStreams {

  private static final Logger LOG = LoggerFactory.getLogger(PruningStreams.class);
  private static final String APPLICATION = "espalier-pruning";
  private static final Duration CLOSE = Duration.ofSeconds(10);

  /// Enough for each worker to draw some while verifiers score some and some are on their way.
  private static final int SLICES_PER_PARTITION = 4;

  private final SearchWorkerConfig.Pruning config;
  private final Optional<String> instance;
  private final TopicPlan topics;
  private final Restarts restarts = new Restarts();
  private final CountDownLatch stopping = new CountDownLatch(1);
  private final Map<String, Object> broker;
  private final Set<String> knownQueues = ConcurrentHashMap.newKeySet();
  private volatile @Nullable KafkaStreams streams;

  PruningStreams(
      SearchWorkerConfig config,
      FlowConfig flow,
      TopicPlan topics,
      @Identifier("default-kafka-broker") Map<String, Object> broker) {
    this.config = config.pruning();
    this.instance = flow.instance();
    this.topics = topics;
    this.broker = broker;
  }

  /// Starts, once the topics are there.
  public void start() {
    KafkaStreams started =
        new KafkaStreams(
            PruningTopology.build(this::exists, config.sliceSize(), window(), config.remembered()),
            properties());
    started.setUncaughtExceptionHandler(this::died);
    started.start();
    streams = started;
  }

  private int window() {
    return config
        .window()
        .orElseGet(() -> config.sliceSize() * SLICES_PER_PARTITION * topics.workPartitions());
  }

  /// Has a thread that died replaced, after a pause where that happens often.
  private StreamThreadExceptionResponse died(Throwable error) {
    Duration pause = restarts.died(System.nanoTime());
    LOG.error(
        "a pruning thread died ({} since the start); another takes over in {} ms",
        restarts.total(),
        pause.toMillis(),
        error);
    try {
      if (stopping.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
        return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    }
    return StreamThreadExceptionResponse.REPLACE_THREAD;
  }

  private Properties properties() {
    Properties properties = new Properties();
    properties.putAll(broker);
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, APPLICATION);
    properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, config.commitInterval().toMillis());
    properties.put(StreamsConfig.STATE_DIR_CONFIG, stateFolder().toString());
    properties.put(StreamsConfig.NUM_STANDBY_REPLICAS_CONFIG, config.standbys());
    properties.put(StreamsConfig.POLL_MS_CONFIG, config.commitInterval().toMillis());
    properties.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
    properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, config.threads());
    topics
        .replication()
        .ifPresent(
            copies -> properties.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, copies.intValue()));
    topics
        .configs()
        .forEach((name, value) -> properties.put(StreamsConfig.topicPrefix(name), value));
    properties.put(
        StreamsConfig.producerPrefix(ProducerConfig.MAX_REQUEST_SIZE_CONFIG),
        TopicPlan.LARGEST_RECORD);
    properties.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), "lz4");
    properties.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 0);
    // A worker's unfinished transaction is given up as soon as the worker itself is.
    properties.put(StreamsConfig.producerPrefix(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG), 10_000);
    properties.put(
        StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    Membership.of(instance)
        .forEach((key, value) -> properties.put(StreamsConfig.mainConsumerPrefix(key), value));
    return properties;
  }

  private Path stateFolder() {
    return config
        .stateFolder()
        .orElseGet(
            () -> {
              try {
                return Files.createTempDirectory(APPLICATION);
              } catch (IOException e) {
                throw new UncheckedIOException("no folder for pruning's state can be made", e);
              }
            });
  }

  private boolean exists(String queue) {
    if (knownQueues.contains(queue)) {
      return true;
    }
    try (Admin admin = Admin.create(broker)) {
      knownQueues.addAll(admin.listTopics().names().get());
      return knownQueues.contains(queue);
    } catch (ExecutionException e) {
      throw new KafkaException("the topics cannot be listed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new KafkaException("interrupted while the topics were listed", e);
    }
  }

  /// Whether it ended by itself, or its threads die again and again.
  boolean died() {
    KafkaStreams current = streams;
    return current != null
        && (current.state() == KafkaStreams.State.ERROR || restarts.tooMany(System.nanoTime()));
  }

  /// Stops and hands the partitions over.
  public void stop() {
    stopping.countDown();
    KafkaStreams current = streams;
    if (current != null) {
      current.close(new KafkaStreams.CloseOptions().timeout(CLOSE).leaveGroup(true));
      if (config.stateFolder().isEmpty()) {
        current.cleanUp();
      }
    }
  }
}
