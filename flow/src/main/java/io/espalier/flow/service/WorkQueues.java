package io.espalier.flow.service;

import static java.util.stream.Collectors.toSet;

import io.espalier.flow.Membership;
import io.espalier.flow.queue.QueueLimits;
import io.espalier.flow.queue.WorkQueue;
import io.smallrye.common.annotation.Identifier;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// The queues of fleets that this process takes its share of.
@Singleton
public final class WorkQueues {

  private final FlowConfig.Queues config;
  private final Optional<String> instance;
  private final Map<String, Object> broker;
  private final List<WorkQueue> queues = new CopyOnWriteArrayList<>();

  WorkQueues(FlowConfig config, @Identifier("default-kafka-broker") Map<String, Object> broker) {
    this.config = config.queues();
    this.instance = config.instance();
    this.broker = broker;
  }

  /// Begins to work on a topic's records. Work that fails is tried again until it does not: what
  /// should be given up must say so by ending well.
  ///
  /// @param group shares the topic
  /// @param atOnce how many records are worked on at a time
  /// @param flow which flow a record belongs to, such as its job: flows take turns. Must not fail
  /// @param work may block: each record has a virtual thread
  public void consume(
      String topic,
      String group,
      int atOnce,
      Function<ConsumerRecord<byte[], byte[]>, ?> flow,
      Consumer<ConsumerRecord<byte[], byte[]>> work) {
    WorkQueue queue =
        new WorkQueue(
            topic,
            broker,
            Membership.of(group, instance),
            new QueueLimits(
                atOnce, config.waiting(), config.waitingBytes().asLongValue(), config.handover()),
            flow,
            work);
    queues.add(queue);
    queue.start();
  }

  /// Begins no more work, waits for what was begun, so that what it needs can be closed, commits it
  /// and leaves the rest to others.
  ///
  /// @return whether nothing is worked on any more
  public boolean stop() {
    queues.forEach(WorkQueue::close);
    return InParallel.map(queues, queue -> queue.leave(config.handover())).stream()
        .allMatch(idle -> idle);
  }

  /// The topics that are not read although Kafka can be reached.
  Set<String> broken() {
    return queues.stream().filter(queue -> !queue.healthy()).map(WorkQueue::topic).collect(toSet());
  }
}
