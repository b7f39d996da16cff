package io.espalier.flow.queue;

import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;
import static org.awaitility.Awaitility.await;

import io.espalier.flow.Membership;
import io.espalier.flow.RecordSender;
import io.espalier.flow.WorkKeys;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;

/// Workers that share a queue of their own on a broker, each a consumer in this process. The work
/// on a record lasts until its gate opens.
final class Workers implements AutoCloseable {

  /// Longer than any test waits for anything.
  static final Duration LONG = Duration.ofMinutes(2);

  /// Whose partitions are which.
  record Assignment(Map<String, Set<Integer>> partitions) {
    Set<Integer> of(String worker) {
      return partitions.getOrDefault(worker, Set.of());
    }

    Set<Integer> all() {
      return partitions.values().stream().flatMap(Set::stream).collect(toSet());
    }
  }

  private final String topic = "queue-" + UUID.randomUUID();
  private final String group = "group-of-" + topic;
  private final Map<String, Object> broker;
  private final Admin admin;
  private final RecordSender sender;
  private final List<WorkQueue> queues = new ArrayList<>();
  private final Set<String> fetched = ConcurrentHashMap.newKeySet();
  private final Map<String, List<String>> begun = new ConcurrentHashMap<>();
  private final Map<String, CountDownLatch> gates = new ConcurrentHashMap<>();

  Workers(String bootstrapServers, int partitions) {
    broker = Map.of("bootstrap.servers", bootstrapServers);
    admin = Admin.create(broker);
    sender = RecordSender.connect(broker);
    get(() -> admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get());
  }

  private interface Call<T> {
    T get() throws ExecutionException, InterruptedException;
  }

  private static <T> T get(Call<T> call) {
    try {
      return call.get();
    } catch (ExecutionException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /// A worker that works on up to so many records at once and waits as long as it takes.
  WorkQueue start(String name, int atOnce) {
    return start(name, new QueueLimits(atOnce, 2_000, 1 << 20, LONG));
  }

  WorkQueue start(String name, QueueLimits limits) {
    return start(
        name,
        limits,
        record -> {
          String key = key(record);
          begun.computeIfAbsent(key, _ -> new CopyOnWriteArrayList<>()).add(name);
          get(
              () -> {
                gate(key).await();
                return key;
              });
        });
  }

  WorkQueue start(String name, QueueLimits limits, Consumer<ConsumerRecord<byte[], byte[]>> work) {
    return start(name, Optional.empty(), limits, work);
  }

  WorkQueue start(
      String name,
      Optional<String> instance,
      QueueLimits limits,
      Consumer<ConsumerRecord<byte[], byte[]>> work) {
    Map<String, String> member = Membership.of(group, instance);
    member.put("client.id", name);
    WorkQueue queue =
        new WorkQueue(
            topic,
            broker,
            member,
            limits,
            record -> {
              fetched.add(key(record));
              return WorkKeys.jobId(record);
            },
            work);
    queues.add(queue);
    queue.start();
    return queue;
  }

  private static String key(ConsumerRecord<byte[], byte[]> record) {
    return new String(record.key(), StandardCharsets.UTF_8);
  }

  private CountDownLatch gate(String key) {
    return gates.computeIfAbsent(key, _ -> new CountDownLatch(1));
  }

  /// Sends a record, whose key names its flow before the first slash.
  void send(int partition, String key) {
    byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
    sender.send(new ProducerRecord<>(topic, partition, bytes, bytes)).join();
  }

  /// Lets the work on records end.
  void open(Collection<String> keys) {
    keys.forEach(key -> gate(key).countDown());
  }

  /// The records that were fetched.
  Set<String> fetched() {
    return Set.copyOf(fetched);
  }

  /// The records that work was begun on.
  Set<String> begun() {
    return Set.copyOf(begun.keySet());
  }

  /// Who worked on a record, in order; more than one where it was done again.
  List<String> workersOn(String key) {
    return begun.getOrDefault(key, List.of());
  }

  void awaitFetched(Collection<String> keys) {
    await().until(() -> fetched.containsAll(keys));
  }

  void awaitBegun(Collection<String> keys) {
    await().until(() -> begun.keySet().containsAll(keys));
  }

  /// Who has which partitions, by the broker.
  Assignment assignment() {
    return new Assignment(
        get(() -> admin.describeConsumerGroups(List.of(group)).all().get()).values().stream()
            .flatMap(description -> description.members().stream())
            .collect(toMap(MemberDescription::clientId, Workers::partitions)));
  }

  /// Whether members have been asked to join again and not all of them have.
  boolean balancing() {
    return get(() -> admin.describeConsumerGroups(List.of(group)).all().get()).values().stream()
        .anyMatch(description -> description.groupState() == GroupState.PREPARING_REBALANCE);
  }

  private static Set<Integer> partitions(MemberDescription member) {
    return member.assignment().topicPartitions().stream()
        .map(TopicPartition::partition)
        .collect(toSet());
  }

  /// Waits until so many workers have so many partitions each.
  Assignment awaitAssignment(int workers, int each) {
    return await()
        .ignoreExceptions() // such as that there is no such group yet
        .until(
            this::assignment,
            assignment ->
                assignment.partitions().size() == workers
                    && assignment.partitions().values().stream()
                        .allMatch(own -> own.size() == each));
  }

  /// What is committed of a partition.
  Optional<OffsetAndMetadata> committed(int partition) {
    return Optional.ofNullable(
        get(() -> admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get())
            .get(new TopicPartition(topic, partition)));
  }

  /// Waits until all before an offset of some partitions is committed, and nothing else is.
  void awaitCommitted(Collection<Integer> partitions, long offset) {
    await()
        .until(
            () ->
                partitions.stream()
                    .map(this::committed)
                    .allMatch(Optional.of(new OffsetAndMetadata(offset))::equals));
  }

  @Override
  public void close() {
    open(begun.keySet());
    queues.forEach(WorkQueue::close);
    open(begun.keySet());
    queues.forEach(queue -> queue.leave(LONG));
    sender.close();
    admin.close();
  }
}
