package io.espalier.gateway.outbox;

import io.espalier.contracts.JobRecord;
import io.espalier.contracts.Topics;
import io.espalier.gateway.store.OutboxStore;
import jakarta.inject.Singleton;
import java.util.List;

/// Records to be sent once the transaction that decided on them has committed, so that neither
/// happens without the other. Every call belongs into a transaction. A job's records keep their
/// order: whoever adds one has its row locked.
@Singleton
public final class Outbox {

  private final OutboxStore rows;

  Outbox(OutboxStore rows) {
    this.rows = rows;
  }

  public void add(List<? extends JobRecord> records) {
    if (!records.isEmpty()) {
      rows.add(Topics.JOBS, records);
    }
  }
}
