package io.espalier.flow.queue;

import static java.util.stream.Collectors.toSet;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/// The records that a process has fetched of a queue and not finished, and how far each partition
/// is. Thread-safe: the thread that polls opens, fills and drops partitions, threads that work take
/// records and end them.
final class Backlog {

  /// A partition from when it is assigned until it is dropped. One that comes back is another, so
  /// what is still worked on from before counts for nothing.
  static final class Share {
    private final PartitionProgress progress;
    private int waiting;
    private long waitingBytes;
    private int working;
    private boolean moving;

    private Share(PartitionProgress progress) {
      this.progress = progress;
    }
  }

  /// A record to be worked on.
  record Task(ConsumerRecord<byte[], byte[]> record, Share share) {
    private long bytes() {
      return (long) Math.max(0, record.serializedKeySize())
          + Math.max(0, record.serializedValueSize());
    }
  }

  private final QueueLimits limits;
  private final FairQueue<Task> waiting;
  private final Map<TopicPartition, Share> shares = new HashMap<>();
  private int working;
  private boolean closed;

  /// Makes an empty backlog.
  ///
  /// @param flow which flow a record belongs to: flows take turns
  Backlog(QueueLimits limits, Function<ConsumerRecord<byte[], byte[]>, ?> flow) {
    this.limits = limits;
    this.waiting = new FairQueue<>(task -> flow.apply(task.record()));
  }

  /// Makes room for a partition's records.
  ///
  /// @param committed by the partition's last owner
  synchronized void open(TopicPartition partition, @Nullable OffsetAndMetadata committed) {
    shares.put(partition, new Share(new PartitionProgress(committed)));
  }

  /// The partitions that are open.
  synchronized Set<TopicPartition> partitions() {
    return Set.copyOf(shares.keySet());
  }

  /// Adds what was fetched of open partitions, but what is finished already.
  synchronized void add(ConsumerRecords<byte[], byte[]> records) {
    for (ConsumerRecord<byte[], byte[]> record : records) {
      Share share = share(new TopicPartition(record.topic(), record.partition()));
      if (share.progress.fetched(record.offset())) {
        Task task = new Task(record, share);
        waiting.add(task);
        share.waiting++;
        share.waitingBytes += task.bytes();
      }
    }
    records
        .nextOffsets()
        .forEach((partition, next) -> share(partition).progress.fetchedUpTo(next.offset()));
  }

  private Share share(TopicPartition partition) {
    return Objects.requireNonNull(
        shares.get(partition), "a record of a partition that is not open");
  }

  /// The partitions of which no more is to be fetched for now: each may have an equal part of what
  /// may wait.
  synchronized Set<TopicPartition> full() {
    int parts = Math.max(1, shares.size());
    int most = Math.max(1, limits.waiting() / parts);
    long mostBytes = limits.waitingBytes() / parts;
    return shares.entrySet().stream()
        .filter(
            entry -> {
              Share share = entry.getValue();
              return closed
                  || share.waiting >= most
                  || share.waitingBytes >= mostBytes
                  || share.progress.farAhead();
            })
        .map(Map.Entry::getKey)
        .collect(toSet());
  }

  /// Takes the next record to be worked on: none where none waits, or enough are worked on.
  synchronized @Nullable Task next() {
    if (closed || waiting.isEmpty() || working >= limits.atOnce()) {
      return null;
    }
    Task task = waiting.remove();
    task.share.waiting--;
    task.share.waitingBytes -= task.bytes();
    task.share.working++;
    working++;
    return task;
  }

  /// Ends the work on a record.
  ///
  /// @param finished whether it is done, or left to whoever gets its partition
  synchronized void end(Task task, boolean finished) {
    if (finished) {
      task.share.progress.finish(task.record.offset());
    }
    task.share.working--;
    working--;
    notifyAll();
  }

  /// Waits before a record is tried again.
  ///
  /// @return false where it should not be, since this process is stopping or its partition moves
  synchronized boolean pause(Task task, Duration pause) {
    return !await(() -> closed || task.share.moving, pause);
  }

  /// Leaves what waits of partitions that move to others, and waits for what is worked on.
  ///
  /// @return whether all that was begun has ended
  synchronized boolean settle(Collection<TopicPartition> partitions, Duration atMost) {
    Set<Share> moving =
        partitions.stream().map(shares::get).filter(Objects::nonNull).collect(toSet());
    moving.forEach(share -> share.moving = true);
    waiting.removeIf(task -> task.share.moving);
    notifyAll();
    return await(() -> moving.stream().allMatch(share -> share.working == 0), atMost);
  }

  /// Drops partitions, with what waits of them.
  synchronized void drop(Collection<TopicPartition> partitions) {
    settle(partitions, Duration.ZERO);
    shares.keySet().removeAll(partitions);
    notifyAll();
  }

  /// What to commit of some partitions.
  synchronized Map<TopicPartition, OffsetAndMetadata> uncommitted(
      Collection<TopicPartition> partitions) {
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    for (TopicPartition partition : partitions) {
      Share share = shares.get(partition);
      if (share != null) {
        share.progress.uncommitted().ifPresent(offset -> offsets.put(partition, offset));
      }
    }
    return offsets;
  }

  /// Notes that this was committed.
  synchronized void committed(Map<TopicPartition, OffsetAndMetadata> offsets) {
    offsets.forEach((partition, offset) -> share(partition).progress.committed(offset));
    notifyAll();
  }

  /// Begins no more work.
  synchronized void close() {
    closed = true;
    notifyAll();
  }

  synchronized boolean closed() {
    return closed;
  }

  /// Whether nothing is worked on.
  synchronized boolean idle() {
    return working == 0;
  }

  /// Waits until nothing is worked on and all that is finished is committed.
  ///
  /// @return whether that is so
  synchronized boolean awaitCommitted(Duration atMost) {
    return await(() -> working == 0 && uncommitted(shares.keySet()).isEmpty(), atMost);
  }

  private boolean await(BooleanSupplier condition, Duration atMost) {
    long deadline = System.nanoTime() + atMost.toNanos();
    boolean interrupted = false;
    while (!condition.getAsBoolean() && System.nanoTime() < deadline) {
      try {
        TimeUnit.NANOSECONDS.timedWait(this, deadline - System.nanoTime());
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return condition.getAsBoolean();
  }
}
