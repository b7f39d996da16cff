package io.espalier.gateway.outbox;

import io.espalier.contracts.JobRecord;
import io.espalier.contracts.Topics;
import io.espalier.gateway.store.Notifications;
import io.espalier.gateway.store.Notifications.Channel;
import io.espalier.gateway.store.OutboxStore;
import jakarta.inject.Singleton;
import java.util.List;

/// Records to be sent once the transaction that decided on them has committed, so that neither
/// happens without the other. Every call belongs into a transaction. A job's records keep their
/// order: whoever adds one has its row locked.
@Singleton
public final class Outbox {

  private final OutboxStore rows;
  private final Notifications notifications;

  Outbox(OutboxStore rows, Notifications notifications) {
    this.rows = rows;
    this.notifications = notifications;
  }

  public void add(List<? extends JobRecord> records) {
    if (!records.isEmpty()) {
      rows.add(Topics.JOBS, records);
      notifications.tell(Channel.OUTBOX);
    }
  }
}
