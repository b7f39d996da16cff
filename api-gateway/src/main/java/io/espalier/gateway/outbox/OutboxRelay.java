package io.espalier.gateway.outbox;

import io.espalier.contracts.JobRecord;
import io.espalier.flow.RecordSender;
import io.espalier.flow.Records;
import io.espalier.gateway.GatewayConfig;
import io.espalier.gateway.Rounds;
import io.espalier.gateway.store.AdvisoryLocks;
import io.espalier.gateway.store.AdvisoryLocks.Work;
import io.espalier.gateway.store.Notifications;
import io.espalier.gateway.store.Notifications.Channel;
import io.quarkus.narayana.jta.QuarkusTransaction;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sends the outbox to Kafka, the oldest record first, one gateway at a time. A row is deleted
/// once its record is acknowledged: where a gateway dies between the two, the record is sent
/// again, which pruning takes for the duplicate that it is.
@Singleton
public final class OutboxRelay {

  private static final Logger LOG = LoggerFactory.getLogger(OutboxRelay.class);
  private static final int BATCH = 200;

  /// Longer than the Kafka client goes on trying.
  private static final int TRANSACTION_SECONDS = 300;

  private final Outbox outbox;
  private final RecordSender sender;
  private final AdvisoryLocks locks;
  private final Notifications notifications;
  private final GatewayConfig config;
  private @Nullable Rounds rounds;

  OutboxRelay(
      Outbox outbox,
      RecordSender sender,
      AdvisoryLocks locks,
      Notifications notifications,
      GatewayConfig config) {
    this.outbox = outbox;
    this.sender = sender;
    this.locks = locks;
    this.notifications = notifications;
    this.config = config;
  }

  /// Begins to send.
  public void start() {
    Rounds started = Rounds.start("outbox", config.every(), this::empty);
    notifications.on(Channel.OUTBOX, _ -> started.ask());
    rounds = started;
  }

  private void empty() {
    boolean more = true;
    while (more) {
      more =
          QuarkusTransaction.requiringNew()
              .timeout(TRANSACTION_SECONDS)
              .call(() -> locks.tryHold(Work.OUTBOX) && relay());
    }
  }

  /// Sends a batch.
  ///
  /// @return whether there is more that can be sent now
  private boolean relay() {
    List<OutboxRow> rows = outbox.oldest(BATCH);
    Map<OutboxRow, CompletableFuture<Void>> sent = new LinkedHashMap<>();
    Set<UUID> jobs = new HashSet<>();
    for (OutboxRow row : rows) {
      if (!jobs.add(row.jobId())) {
        break; // a job's next record is sent when the one before it is known to be there
      }
      sent.put(
          row, sender.send(row.topic(), row.key(), Records.read(row.payload(), JobRecord.class)));
    }
    List<Long> acknowledged = new ArrayList<>();
    for (Map.Entry<OutboxRow, CompletableFuture<Void>> each : sent.entrySet()) {
      try {
        each.getValue().join();
        acknowledged.add(each.getKey().id());
      } catch (CompletionException e) {
        LOG.warn("a record of job {} waits for Kafka: {}", each.getKey().jobId(), e.getMessage());
      }
    }
    outbox.remove(acknowledged);
    boolean all = acknowledged.size() == sent.size();
    return all && !rows.isEmpty() && (sent.size() < rows.size() || rows.size() == BATCH);
  }

  /// Sends no more.
  public void stop() {
    if (rounds != null) {
      rounds.close();
    }
  }
}
