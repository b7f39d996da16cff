package io.espalier.flow;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;

/// How a consumer belongs to its group. One that died is missed within seconds; one that has a
/// name of its own has its share of the work back as soon as it is started again.
///
/// This is Kafka's classic protocol. Older brokers do not have that of Kafka 4 (KIP-848), and by
/// default it misses a dead member only after 45 seconds.
public final class Membership {

  private Membership() {}

  /// What the consumer is told.
  ///
  /// @param instance the process' own name, which a restart keeps
  public static Map<String, String> of(Optional<String> instance) {
    Map<String, String> configuration = new HashMap<>();
    configuration.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, "10000");
    configuration.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, "1000");
    instance.ifPresent(name -> configuration.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, name));
    return configuration;
  }

  /// What a consumer is told that shares topics with the others of a group: where one of them comes
  /// or goes, only the partitions that move are taken from their owners.
  ///
  /// @param instance the process' own name, which a restart keeps
  public static Map<String, String> of(String group, Optional<String> instance) {
    Map<String, String> configuration = of(instance);
    configuration.put(ConsumerConfig.GROUP_ID_CONFIG, group);
    configuration.put(
        ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
        CooperativeStickyAssignor.class.getName());
    return configuration;
  }
}
