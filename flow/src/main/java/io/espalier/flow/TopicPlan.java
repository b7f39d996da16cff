package io.espalier.flow;

import io.espalier.contracts.Topics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.TopicConfig;

/// The topics that a deployment needs.
///
/// @param jobPartitions of [Topics#JOBS] and [Topics#SCORES], the same for both and for good: it
///     decides which pruning task holds a job
/// @param workPartitions of every other topic: how many workers of a fleet can share its queue
/// @param replication the replication factor; the broker's default where absent
public record TopicPlan(int jobPartitions, int workPartitions, Optional<Short> replication) {

  /// A decision holds a whole search tree.
  public static final int LARGEST_RECORD = 16 << 20;

  private static final String LARGE = Integer.toString(LARGEST_RECORD);

  /// Every topic that is not a fleet's own.
  List<NewTopic> shared() {
    List<NewTopic> topics = new ArrayList<>();
    topics.add(topic(Topics.JOBS, jobPartitions));
    topics.add(topic(Topics.SCORES, jobPartitions));
    topics.add(topic(Topics.DECISIONS, workPartitions));
    topics.add(topic(Topics.EVENTS, workPartitions));
    topics.add(topic(Topics.DEAD_LETTERS, 1));
    topics.add(
        topic(
            Topics.ENDED,
            1,
            Map.of(
                TopicConfig.RETENTION_MS_CONFIG,
                Long.toString(2 * EndedJobs.LOOK_BACK.toMillis()))));
    topics.add(
        topic(
            Topics.CATALOG,
            1,
            Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT)));
    return topics;
  }

  /// A fleet's queue.
  NewTopic queue(String name) {
    return topic(name, workPartitions);
  }

  /// What every topic is made with, changelogs of running searches included: room for the largest
  /// record, and, with replication, that a record is on all replicas but one before it counts as
  /// written.
  public Map<String, String> configs() {
    Map<String, String> configs = new TreeMap<>();
    configs.put(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, LARGE);
    replication.ifPresent(
        copies ->
            configs.put(
                TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG,
                Integer.toString(Math.max(1, copies - 1))));
    return configs;
  }

  private NewTopic topic(String name, int partitions) {
    return topic(name, partitions, Map.of());
  }

  private NewTopic topic(String name, int partitions, Map<String, String> more) {
    Map<String, String> all = new TreeMap<>(configs());
    all.putAll(more);
    return new NewTopic(name, Optional.of(partitions), replication).configs(all);
  }
}
