package io.espalier.flow;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerConfig;

/// How a consumer belongs to its group. One that died is missed within seconds; one that has a
/// name of its own has its share of the work back as soon as it is started again.
public final class Membership {

  private Membership() {}

  /// What the consumer is told.
  ///
  /// @param instance the process' own name, which a restart keeps
  public static Map<String, String> of(Optional<String> instance) {
    Map<String, String> configuration = new HashMap<>();
    configuration.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, "10000");
    configuration.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, "2000");
    instance.ifPresent(name -> configuration.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, name));
    return configuration;
  }
}
