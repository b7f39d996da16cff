package io.espalier.flow.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class BacklogTest {

  private static final TopicPartition FIRST = new TopicPartition("queue", 0);
  private static final TopicPartition SECOND = new TopicPartition("queue", 1);

  private static Backlog backlog(int atOnce, int waiting, long waitingBytes) {
    Backlog backlog =
        new Backlog(
            new QueueLimits(atOnce, waiting, waitingBytes, Duration.ZERO),
            record -> new String(record.key(), StandardCharsets.UTF_8));
    backlog.open(FIRST, null);
    backlog.open(SECOND, null);
    return backlog;
  }

  /// Adds so many records of 10 bytes each to a partition.
  private static void add(
      Backlog backlog, TopicPartition partition, String job, int from, int until) {
    List<ConsumerRecord<byte[], byte[]>> records =
        IntStream.range(from, until)
            .mapToObj(
                offset ->
                    new ConsumerRecord<>(
                        partition.topic(),
                        partition.partition(),
                        offset,
                        0L,
                        TimestampType.CREATE_TIME,
                        3,
                        7,
                        job.getBytes(StandardCharsets.UTF_8),
                        new byte[7],
                        new RecordHeaders(),
                        Optional.empty()))
            .toList();
    backlog.add(
        new ConsumerRecords<>(
            Map.of(partition, records), Map.of(partition, new OffsetAndMetadata(until))));
  }

  private static Backlog.Task next(Backlog backlog) {
    return Objects.requireNonNull(backlog.next(), "no record is to be worked on");
  }

  @Test
  void aPartitionMayHaveAnEqualPartOfTheRecordsThatMayWait() {
    Backlog backlog = backlog(10, 8, 1_000_000);
    add(backlog, FIRST, "job", 0, 3);
    assertThat(backlog.full()).isEmpty();
    add(backlog, FIRST, "job", 3, 4);
    assertThat(backlog.full()).containsExactly(FIRST);
    next(backlog);
    assertThat(backlog.full()).isEmpty();
  }

  @Test
  void aPartitionMayHaveAnEqualPartOfTheBytesThatMayWait() {
    Backlog backlog = backlog(10, 1_000, 80);
    add(backlog, SECOND, "job", 0, 3);
    assertThat(backlog.full()).isEmpty();
    add(backlog, SECOND, "job", 3, 4);
    assertThat(backlog.full()).containsExactly(SECOND);
    next(backlog);
    assertThat(backlog.full()).isEmpty();
  }

  @Test
  void noMoreIsBegunThanMayBeAtOnce() {
    Backlog backlog = backlog(2, 100, 1_000);
    add(backlog, FIRST, "job", 0, 3);
    Backlog.Task first = next(backlog);
    next(backlog);
    assertThat(backlog.next()).isNull();
    backlog.end(first, true);
    next(backlog);
  }

  @Test
  void jobsTakeTurnsWhateverTheirPartitions() {
    Backlog backlog = backlog(100, 100, 10_000);
    add(backlog, FIRST, "big", 0, 10);
    next(backlog);
    add(backlog, FIRST, "small", 10, 12);
    add(backlog, SECOND, "other", 0, 1);
    assertThat(
            IntStream.range(0, 7)
                .mapToObj(_ -> new String(next(backlog).record().key(), StandardCharsets.UTF_8)))
        .containsExactly("big", "small", "other", "big", "small", "big", "big");
  }

  @Test
  void aPartitionThatMovesTakesNothingAlongThatWasNotBegun() {
    Backlog backlog = backlog(1, 100, 10_000);
    add(backlog, FIRST, "moving", 0, 3);
    add(backlog, SECOND, "staying", 0, 1);
    Backlog.Task begun = next(backlog);
    assertThat(backlog.settle(Set.of(FIRST), Duration.ZERO)).isFalse();
    assertThat(backlog.pause(begun, Duration.ofMinutes(1))).isFalse();
    backlog.end(begun, true);
    assertThat(backlog.settle(Set.of(FIRST), Duration.ZERO)).isTrue();
    assertThat(backlog.uncommitted(Set.of(FIRST)))
        .containsExactly(Map.entry(FIRST, new OffsetAndMetadata(1)));
    backlog.drop(Set.of(FIRST));
    Backlog.Task staying = next(backlog);
    assertThat(staying.record().partition()).isEqualTo(SECOND.partition());
    backlog.end(staying, true);
    assertThat(backlog.next()).isNull();
    assertThat(backlog.partitions()).containsExactly(SECOND);
  }

  @Test
  void whatEndsAfterItsPartitionMovedCountsForNothingOnceItIsBack() {
    Backlog backlog = backlog(2, 100, 10_000);
    add(backlog, FIRST, "job", 0, 1);
    Backlog.Task late = next(backlog);
    backlog.drop(Set.of(FIRST));
    backlog.open(FIRST, null);
    add(backlog, FIRST, "job", 0, 1);
    backlog.end(late, true);
    assertThat(backlog.uncommitted(Set.of(FIRST)))
        .containsExactly(Map.entry(FIRST, new OffsetAndMetadata(0)));
  }

  @Test
  void afterItIsClosedNothingIsBegunOrFetched() {
    Backlog backlog = backlog(10, 100, 10_000);
    add(backlog, FIRST, "job", 0, 2);
    Backlog.Task begun = next(backlog);
    backlog.close();
    assertThat(backlog.next()).isNull();
    assertThat(backlog.full()).containsExactlyInAnyOrder(FIRST, SECOND);
    assertThat(backlog.idle()).isFalse();
    backlog.end(begun, true);
    assertThat(backlog.idle()).isTrue();
    assertThat(backlog.awaitCommitted(Duration.ZERO)).isFalse();
    backlog.committed(backlog.uncommitted(backlog.partitions()));
    assertThat(backlog.awaitCommitted(Duration.ZERO)).isTrue();
  }
}
