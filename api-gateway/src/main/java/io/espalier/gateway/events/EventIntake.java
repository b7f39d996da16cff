package io.espalier.gateway.events;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.Topics;
import io.espalier.flow.ConsumerThread;
import io.espalier.flow.DeadLetters;
import io.espalier.flow.Membership;
import io.espalier.flow.Records;
import io.espalier.flow.UnreadableRecordException;
import io.espalier.flow.service.FlowConfig;
import io.espalier.gateway.Background;
import io.smallrye.common.annotation.Identifier;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.hibernate.exception.DataException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Brings events from Kafka into the log, on a thread of its own. A batch's offsets are committed
/// after its transaction, so an event can come twice, which the log does not mind, but none is
/// lost. Goes on trying while the database is away.
@Singleton
public final class EventIntake implements Background {

  private static final Logger LOG = LoggerFactory.getLogger(EventIntake.class);
  private static final String GROUP = "gateway";
  private static final Duration POLL = Duration.ofSeconds(1);
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private record Read(ConsumerRecord<byte[], byte[]> record, JobEvent event) {}

  private final EventLog log;
  private final DeadLetters deadLetters;
  private final ConsumerThread thread;

  EventIntake(
      EventLog log,
      DeadLetters deadLetters,
      FlowConfig flow,
      @Identifier("default-kafka-broker") Map<String, Object> broker) {
    this.log = log;
    this.deadLetters = deadLetters;
    this.thread =
        new ConsumerThread("events", broker, Membership.of(GROUP, flow.instance()), this::take);
  }

  /// Begins to read, once the topic is there.
  public void start() {
    thread.start();
  }

  @Override
  public String name() {
    return "events";
  }

  @Override
  public boolean healthy() {
    return thread.healthy();
  }

  private void take(KafkaConsumer<byte[], byte[]> consumer) {
    if (consumer.subscription().isEmpty()) {
      consumer.subscribe(List.of(Topics.EVENTS));
    }
    ConsumerRecords<byte[], byte[]> batch = consumer.poll(POLL);
    if (!batch.isEmpty() && stored(batch)) {
      consumer.commitSync();
    }
  }

  /// Stores a batch, however long that takes.
  ///
  /// @return false where this gateway stops before
  private boolean stored(ConsumerRecords<byte[], byte[]> batch) {
    while (!thread.stopping()) {
      try {
        store(batch);
        return true;
      } catch (RuntimeException e) {
        LOG.warn("{} events wait to be stored", batch.count(), e);
        thread.pause();
      }
    }
    return false;
  }

  private void store(ConsumerRecords<byte[], byte[]> batch) {
    List<Read> read = new ArrayList<>();
    for (ConsumerRecord<byte[], byte[]> record : batch) {
      try {
        read.add(new Read(record, event(record)));
      } catch (UnreadableRecordException | IllegalArgumentException e) {
        layAside(record, String.valueOf(e.getMessage()));
      }
    }
    try {
      log.append(read.stream().map(Read::event).toList());
    } catch (DataException e) {
      LOG.debug("one of {} events is not for the database", read.size(), e);
      read.forEach(this::storeAlone);
    }
  }

  private static JobEvent event(ConsumerRecord<byte[], byte[]> record) {
    if (record.value() == null) {
      throw new IllegalArgumentException("the record is empty");
    }
    JobEvent event = Records.read(record.value(), JobEvent.class);
    if (!UUID.fromString(event.jobId()).toString().equals(event.jobId())) {
      throw new IllegalArgumentException("'" + event.jobId() + "' is no job of this gateway");
    }
    return event;
  }

  private void storeAlone(Read read) {
    try {
      log.append(List.of(read.event()));
    } catch (DataException e) {
      layAside(read.record(), "the database refuses it: " + e.getMessage());
    }
  }

  private void layAside(ConsumerRecord<byte[], byte[]> record, String reason) {
    deadLetters.add(record, reason).join();
    unreadableEnd(record, reason).ifPresent(event -> log.append(List.of(event)));
  }

  /// A job whose end cannot be read has ended all the same, and must not seem to run for ever.
  private static Optional<JobEvent.Rejected> unreadableEnd(
      ConsumerRecord<byte[], byte[]> record, String reason) {
    try {
      JsonNode document = JSON.readTree(record.value());
      String type = document.path("type").asText();
      if (type.equals("ended") || type.equals("rejected")) {
        String job = UUID.fromString(new String(record.key(), StandardCharsets.UTF_8)).toString();
        String readable = "the job's end cannot be read: " + reason.replace('\0', ' ');
        return Optional.of(
            new JobEvent.Rejected(job, Long.MAX_VALUE, System.currentTimeMillis(), readable));
      }
    } catch (IOException | IllegalArgumentException | NullPointerException e) {
      LOG.debug("a record that nobody can read says not even what it is", e);
    }
    return Optional.empty();
  }

  /// Ends after the current batch.
  public void stop() {
    thread.stop();
  }
}
