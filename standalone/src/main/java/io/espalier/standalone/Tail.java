package io.espalier.standalone;

import static java.util.stream.Collectors.toSet;

import io.espalier.contracts.CandidatesRecord;
import io.espalier.contracts.DecisionRecord;
import io.espalier.contracts.FrontierSlice;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.JobRecord;
import io.espalier.contracts.ScoresRecord;
import io.espalier.contracts.Topics;
import io.espalier.flow.Records;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/// The records of jobs that go over a broker while this is open, as a reader of committed records
/// sees them.
final class Tail implements AutoCloseable {

  /// A record of a job.
  ///
  /// @param sent when it was made, milliseconds since 1970
  /// @param arrived when it was read
  record Seen(String job, Object record, long sent, long arrived) {}

  private static final Duration POLL = Duration.ofSeconds(1);

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Thread reader = Thread.ofPlatform().name("tail").daemon().unstarted(this::read);
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Map<String, List<Seen>> byJob = new HashMap<>();

  /// Begins with what comes from now on, on the topics that there are.
  Tail(String bootstrapServers) {
    consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                bootstrapServers,
                "isolation.level",
                "read_committed",
                "enable.auto.commit",
                false),
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer());
    Set<TopicPartition> partitions =
        consumer.listTopics().entrySet().stream()
            .filter(topic -> topic.getKey().startsWith("search."))
            .flatMap(topic -> topic.getValue().stream())
            .map(info -> new TopicPartition(info.topic(), info.partition()))
            .collect(toSet());
    consumer.assign(partitions);
    consumer.seekToEnd(partitions);
    partitions.forEach(consumer::position);
    reader.start();
  }

  private void read() {
    try (consumer) {
      while (closing.getCount() > 0) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          add(record, System.currentTimeMillis());
        }
      }
    } catch (WakeupException _) {
      assert closing.getCount() == 0;
    }
  }

  private void add(ConsumerRecord<byte[], byte[]> of, long arrived) {
    Class<?> type =
        switch (of.topic()) {
          case Topics.JOBS -> JobRecord.class;
          case Topics.SCORES -> ScoresRecord.class;
          case Topics.DECISIONS -> DecisionRecord.class;
          case Topics.EVENTS -> JobEvent.class;
          case Topics.ENDED, Topics.CATALOG, Topics.DEAD_LETTERS -> null;
          default ->
              of.topic().startsWith(Topics.frontier(""))
                  ? FrontierSlice.class
                  : CandidatesRecord.class;
        };
    if (type != null) {
      Object record = Records.read(of.value(), type);
      note(new Seen(job(record), record, of.timestamp(), arrived));
    }
  }

  private synchronized void note(Seen seen) {
    byJob.computeIfAbsent(seen.job(), _ -> new ArrayList<>()).add(seen);
    notifyAll();
  }

  private static String job(Object record) {
    return switch (record) {
      case JobRecord of -> of.jobId();
      case FrontierSlice of -> of.jobId();
      case CandidatesRecord of -> of.jobId();
      case ScoresRecord of -> of.jobId();
      case DecisionRecord of -> of.jobId();
      case JobEvent of -> of.jobId();
      default -> throw new IllegalArgumentException(record.toString());
    };
  }

  /// All so far of a job.
  synchronized List<Seen> of(String job) {
    return List.copyOf(byJob.getOrDefault(job, List.of()));
  }

  /// All of a job, once it has ended.
  synchronized List<Seen> ofEnded(String job) throws InterruptedException {
    while (of(job).stream().noneMatch(seen -> seen.record() instanceof JobEvent.Ended)) {
      wait();
    }
    return of(job);
  }

  @Override
  public void close() {
    closing.countDown();
    consumer.wakeup();
  }
}
