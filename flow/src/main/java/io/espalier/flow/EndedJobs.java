package io.espalier.flow;

import io.espalier.contracts.JobEvent;
import io.espalier.contracts.JobRecord;
import io.espalier.contracts.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The jobs that were cancelled or have ended lately, so that a worker can drop what is left of
/// them unread. Every worker reads all of them, without a consumer group, on a thread of its own.
/// Only a help: work of an ended job that is done all the same changes nothing.
public final class EndedJobs implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(EndedJobs.class);
  private static final int REMEMBERED = 10_000;
  private static final Duration LOOK_BACK = Duration.ofHours(1);
  private static final Duration POLL = Duration.ofSeconds(1);

  private final Set<String> ended =
      Collections.synchronizedSet(
          Collections.newSetFromMap(
              new LinkedHashMap<>() {
                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
                  return size() > REMEMBERED;
                }
              }));
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Thread reader =
      Thread.ofPlatform().name("ended-jobs").daemon().unstarted(this::read);
  private final CountDownLatch closing = new CountDownLatch(1);

  /// Prepares to read.
  ///
  /// @param configuration what the Kafka client is told, such as `bootstrap.servers`
  public EndedJobs(Map<String, Object> configuration) {
    Map<String, Object> all = new HashMap<>(configuration);
    all.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    consumer = new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /// Begins to read, once the topics are there. Once: starting again does nothing.
  public synchronized void start() {
    if (reader.getState() == Thread.State.NEW) {
      reader.start();
    }
  }

  public boolean contains(String jobId) {
    return ended.contains(jobId);
  }

  private void read() {
    try (consumer) {
      boolean assigned = false;
      while (closing.getCount() > 0) {
        try {
          assigned = assigned || assign();
          if (assigned) {
            consumer.poll(POLL).forEach(this::note);
          } else {
            pause();
          }
        } catch (WakeupException | InterruptException e) {
          LOG.debug("no longer reading ended jobs", e);
        } catch (KafkaException e) {
          LOG.warn("ended jobs cannot be read at the moment: {}", e.getMessage());
          pause();
        }
      }
    }
  }

  private void pause() {
    try {
      if (closing.await(1, TimeUnit.SECONDS)) {
        LOG.debug("no longer reading ended jobs");
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /// Takes all partitions.
  ///
  /// @return whether they are known already: a broker learns of new topics a moment later
  private boolean assign() {
    List<TopicPartition> partitions = new ArrayList<>();
    for (String topic : List.of(Topics.JOBS, Topics.EVENTS)) {
      List<PartitionInfo> known = consumer.partitionsFor(topic);
      if (known.isEmpty()) {
        return false;
      }
      known.forEach(each -> partitions.add(new TopicPartition(topic, each.partition())));
    }
    consumer.assign(partitions);
    consumer.seekToEnd(partitions);
    Map<TopicPartition, Long> times = new HashMap<>();
    long from = System.currentTimeMillis() - LOOK_BACK.toMillis();
    partitions.forEach(partition -> times.put(partition, from));
    Map<TopicPartition, OffsetAndTimestamp> offsets = consumer.offsetsForTimes(times);
    offsets.forEach(
        (partition, offset) -> {
          if (offset != null) {
            consumer.seek(partition, offset.offset());
          }
        });
    return true;
  }

  private void note(ConsumerRecord<byte[], byte[]> record) {
    if (record.key() == null) {
      return;
    }
    try {
      boolean over =
          record.topic().equals(Topics.JOBS)
              ? Records.read(record.value(), JobRecord.class) instanceof JobRecord.Cancelled
              : Records.read(record.value(), JobEvent.class) instanceof JobEvent.Ended;
      if (over) {
        ended.add(new String(record.key(), StandardCharsets.UTF_8));
      }
    } catch (UnreadableRecordException e) {
      LOG.debug("passed over an unreadable record of {}", record.topic(), e);
    }
  }

  @Override
  public void close() {
    closing.countDown();
    consumer.wakeup();
  }
}
