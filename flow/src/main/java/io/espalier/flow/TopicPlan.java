package io.espalier.flow;

import io.espalier.contracts.Topics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
        topic(Topics.CATALOG, 1)
            .configs(
                Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT)));
    return topics;
  }

  /// A fleet's queue.
  NewTopic queue(String name) {
    return topic(name, workPartitions);
  }

  private NewTopic topic(String name, int partitions) {
    return new NewTopic(name, Optional.of(partitions), replication)
        .configs(Map.of(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, LARGE));
  }
}
