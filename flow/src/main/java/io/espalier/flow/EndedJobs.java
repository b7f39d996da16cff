package io.espalier.flow;

import io.espalier.contracts.Topics;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
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

/// The jobs whose search ended lately, so that a worker can drop what is left of them unread. Every
/// worker reads all of them, without a consumer group, on a thread of its own. This is an
/// optimisation; finishing such work is harmless.
public final class EndedJobs implements AutoCloseable {

  private static final int REMEMBERED = 10_000;
  static final Duration LOOK_BACK = Duration.ofHours(1);
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
    List<PartitionInfo> known = consumer.partitionsFor(Topics.ENDED);
    if (known.isEmpty()) {
      throw new KafkaException("there is no topic " + Topics.ENDED);
    }
    List<TopicPartition> partitions =
        known.stream().map(each -> new TopicPartition(Topics.ENDED, each.partition())).toList();
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
    if (record.key() != null) {
      ended.add(new String(record.key(), StandardCharsets.UTF_8));
    }
  }

  @Override
  public void close() {
    thread.stop();
  }
}
