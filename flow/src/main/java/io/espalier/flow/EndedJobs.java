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
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
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
  private final ConsumerThread thread;
  private boolean started;

  /// Prepares to read.
  ///
  /// @param configuration what the Kafka client is told, such as `bootstrap.servers`
  public EndedJobs(Map<String, Object> configuration) {
    thread = new ConsumerThread("ended jobs", configuration, Map.of(), this::read);
  }

  /// Begins to read, once the topics are there. Once: starting again does nothing.
  public synchronized void start() {
    if (!started) {
      started = true;
      thread.start();
    }
  }

  public boolean contains(String jobId) {
    return ended.contains(jobId);
  }

  private void read(KafkaConsumer<byte[], byte[]> consumer) {
    if (consumer.assignment().isEmpty()) {
      assign(consumer);
    }
    consumer.poll(POLL).forEach(this::note);
  }

  /// Takes all partitions, an hour back from now.
  private static void assign(KafkaConsumer<byte[], byte[]> consumer) {
    List<TopicPartition> partitions = new ArrayList<>();
    for (String topic : List.of(Topics.JOBS, Topics.EVENTS)) {
      List<PartitionInfo> known = consumer.partitionsFor(topic);
      if (known.isEmpty()) {
        throw new KafkaException("there is no topic " + topic);
      }
      known.forEach(each -> partitions.add(new TopicPartition(topic, each.partition())));
    }
    long from = System.currentTimeMillis() - LOOK_BACK.toMillis();
    Map<TopicPartition, Long> times = new HashMap<>();
    partitions.forEach(partition -> times.put(partition, from));
    Map<TopicPartition, OffsetAndTimestamp> offsets = consumer.offsetsForTimes(times);
    consumer.assign(partitions);
    consumer.seekToEnd(partitions);
    offsets.forEach(
        (partition, offset) -> {
          if (offset != null) {
            consumer.seek(partition, offset.offset());
          }
        });
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
    thread.stop();
  }
}
