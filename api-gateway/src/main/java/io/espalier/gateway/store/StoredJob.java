package io.espalier.gateway.store;

import java.util.UUID;

/// A job that was found among others: what cannot be read of one concerns no other.
public sealed interface StoredJob {

  UUID id();

  /// A job as it should be.
  record Parsed(Job job) implements StoredJob {
    @Override
    public UUID id() {
      return job.id();
    }
  }

  /// A job whose stored documents this version cannot read.
  record Unreadable(UUID id, String problem) implements StoredJob {}
}
