package io.espalier.flow.queue;

import io.espalier.flow.ConsumerThread;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A process' share of a fleet's queue: committed records of a topic, shared by a consumer group.
///
/// One thread polls and commits, once a second; each record is worked on by a virtual thread. The
/// records that wait are taken in turns by flow, and partitions of which enough wait are paused.
/// What was begun of a partition that moves is finished and committed before it is handed over,
/// unless that takes too long; partitions that stay are not touched. What a process finished is
/// done again only if the process dies before the next commit.
public final class WorkQueue {

  private static final Logger LOG = LoggerFactory.getLogger(WorkQueue.class);
  private static final Duration POLL = Duration.ofMillis(50);
  private static final Duration COMMIT = Duration.ofSeconds(1);
  private static final Duration CALL = Duration.ofSeconds(5);
  private static final long FIRST_PAUSE_MILLIS = 1_000;
  private static final long LONGEST_PAUSE_MILLIS = 30_000;
  private static final String RECORDS_OF_A_POLL = "100";
  private static final String BYTES_OF_A_FETCH = Integer.toString(16 << 20);

  private final String topic;
  private final QueueLimits limits;
  private final Backlog backlog;
  private final Consumer<ConsumerRecord<byte[], byte[]>> work;
  private final ConsumerThread thread;
  private long committedAt = System.nanoTime();

  /// Makes a queue, to be started.
  ///
  /// @param broker what the Kafka client is told, such as `bootstrap.servers`
  /// @param member how it belongs to its group, see [io.espalier.flow.Membership]
  /// @param flow which flow a record belongs to, such as its job; must not fail
  /// @param work may block. If it fails it is tried again, with pauses from 1 to 30 seconds, until
  ///     it does not: what should be given up must end well
  public WorkQueue(
      String topic,
      Map<String, Object> broker,
      Map<String, String> member,
      QueueLimits limits,
      Function<ConsumerRecord<byte[], byte[]>, ?> flow,
      Consumer<ConsumerRecord<byte[], byte[]>> work) {
    this.topic = topic;
    this.limits = limits;
    this.backlog = new Backlog(limits, flow);
    this.work = work;
    Map<String, String> configuration = new HashMap<>(member);
    configuration.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, RECORDS_OF_A_POLL);
    configuration.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, BYTES_OF_A_FETCH);
    this.thread = new ConsumerThread(topic, broker, configuration, this::turn, this::giveUp);
  }

  public String topic() {
    return topic;
  }

  /// Begins to take records.
  public void start() {
    thread.start();
  }

  /// Whether records are taken, or will be as soon as Kafka can be reached.
  public boolean healthy() {
    return thread.healthy();
  }

  private void turn(KafkaConsumer<byte[], byte[]> consumer) {
    if (consumer.subscription().isEmpty()) {
      backlog.drop(backlog.partitions());
      consumer.subscribe(List.of(topic), new Rebalance(consumer));
    }
    backlog.add(consumer.poll(POLL));
    begin();
    open(consumer);
    if (backlog.closed() || System.nanoTime() - committedAt >= COMMIT.toNanos()) {
      committedAt = System.nanoTime();
      commit(consumer, backlog.partitions());
    }
  }

  /// Opens partitions that are new, and pauses those of which enough waits.
  private void open(KafkaConsumer<byte[], byte[]> consumer) {
    Set<TopicPartition> assigned = consumer.assignment();
    Set<TopicPartition> fresh = new HashSet<>(assigned);
    fresh.removeAll(backlog.partitions());
    if (!fresh.isEmpty()) {
      Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(fresh, CALL);
      fresh.forEach(partition -> backlog.open(partition, committed.get(partition)));
    }
    Set<TopicPartition> full = backlog.full();
    Set<TopicPartition> others = new HashSet<>(assigned);
    others.removeAll(full);
    consumer.pause(full);
    consumer.resume(others);
  }

  private void commit(
      KafkaConsumer<byte[], byte[]> consumer, Collection<TopicPartition> partitions) {
    Map<TopicPartition, OffsetAndMetadata> offsets = backlog.uncommitted(partitions);
    if (offsets.isEmpty()) {
      return;
    }
    consumer.commitSync(offsets, CALL);
    backlog.committed(offsets);
  }

  /// What happens to partitions that come and go, within a poll.
  private final class Rebalance implements ConsumerRebalanceListener {

    private final KafkaConsumer<byte[], byte[]> consumer;

    private Rebalance(KafkaConsumer<byte[], byte[]> consumer) {
      this.consumer = consumer;
    }

    /// Nothing is fetched of a partition until it is known what its last owner finished.
    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      consumer.pause(partitions);
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      try {
        if (!backlog.settle(partitions, limits.handover())) {
          LOG.warn("work on {} takes long; it is done again elsewhere", topic);
        }
        commit(consumer, partitions);
      } catch (KafkaException e) {
        LOG.warn("work on {} is done again elsewhere: {}", topic, e.getMessage());
      } finally {
        backlog.drop(partitions);
      }
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
      backlog.drop(partitions);
    }
  }

  private void begin() {
    for (Backlog.Task task = backlog.next(); task != null; task = backlog.next()) {
      Backlog.Task taken = task;
      Thread.startVirtualThread(() -> work(taken));
    }
  }

  private void work(Backlog.Task task) {
    boolean finished = false;
    try {
      long pauseMillis = FIRST_PAUSE_MILLIS;
      finished = finished(task);
      while (!finished && backlog.pause(task, Duration.ofMillis(pauseMillis))) {
        pauseMillis = Math.min(2 * pauseMillis, LONGEST_PAUSE_MILLIS);
        finished = finished(task);
      }
    } finally {
      backlog.end(task, finished);
      begin();
    }
  }

  private boolean finished(Backlog.Task task) {
    try {
      work.accept(task.record());
      return true;
    } catch (Throwable e) {
      LOG.warn("work of {} failed; it is tried again", topic, e);
      return false;
    }
  }

  /// Begins no more work. What was fetched and not begun is left to others.
  public void close() {
    backlog.close();
  }

  /// Waits until what was begun is finished and committed, and leaves the group; [#close()] comes
  /// first. While partitions are handed out nothing can be committed, so this takes longer then.
  ///
  /// @return whether all that was begun has ended
  public boolean leave(Duration atMost) {
    if (!backlog.awaitCommitted(atMost)) {
      LOG.warn("work on {} takes long; it is done again elsewhere", topic);
    }
    thread.stop();
    return backlog.idle();
  }

  /// Lets the consumer leave without waiting for work once more.
  private void giveUp() {
    backlog.drop(backlog.partitions());
  }
}
