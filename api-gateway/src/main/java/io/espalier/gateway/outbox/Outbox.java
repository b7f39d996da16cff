package io.espalier.gateway.outbox;

import io.espalier.contracts.JobRecord;
import io.espalier.contracts.Topics;
import io.espalier.flow.Records;
import io.espalier.gateway.store.Notifications;
import io.espalier.gateway.store.Notifications.Channel;
import io.quarkus.hibernate.orm.panache.PanacheRepository;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.UUID;

/// Records to be sent once the transaction that decided on them has committed, so that neither
/// happens without the other. Every call belongs into a transaction. A job's records keep their
/// order: whoever adds one has its row locked.
@Singleton
public class Outbox implements PanacheRepository<OutboxRow> {

  private final Notifications notifications;

  Outbox(Notifications notifications) {
    this.notifications = notifications;
  }

  public void add(JobRecord record) {
    persist(
        new OutboxRow(
            UUID.fromString(record.jobId()), Topics.JOBS, record.jobId(), Records.write(record)));
    notifications.tell(Channel.OUTBOX);
  }

  List<OutboxRow> oldest(int limit) {
    return find("order by id").page(0, limit).list();
  }

  void remove(List<Long> ids) {
    if (!ids.isEmpty()) {
      delete("id in ?1", ids);
    }
  }
}
