package io.espalier.search.pruning;

/// Knows whether a fleet's queue is there.
@FunctionalInterface
interface Queues {

  /// Whether a topic exists. May ask the broker.
  boolean exist(String topic);
}
