package io.espalier.gateway.outbox;

import io.espalier.flow.RecordSender;
import io.espalier.gateway.BackgroundRounds;
import io.espalier.gateway.GatewayConfig;
import io.espalier.gateway.store.Notifications;
import io.espalier.gateway.store.Notifications.Channel;
import io.espalier.gateway.store.OutboxStore;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RetriableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sends the outbox to Kafka, the oldest record first, as it is stored. All gateways share the
/// work: each claims rows for a while, sends them outside of any transaction, and deletes them once
/// they are acknowledged. A job's next record is claimed when the one before it is gone, so a job's
/// records keep their order.
///
/// A gateway that dies, or that Kafka does not answer in time, has its rows sent by another. Then a
/// record may be sent twice, which pruning takes for the duplicate that it is. A record that Kafka
/// refuses waits by itself, and only its own job's later records wait with it.
@Singleton
public final class OutboxRelay extends BackgroundRounds {

  private static final Logger LOG = LoggerFactory.getLogger(OutboxRelay.class);
  private static final int BATCH = 200;
  private static final Duration LEASE = Duration.ofSeconds(10);

  /// Shorter than the lease.
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private enum Fate {
    ACKNOWLEDGED,
    REFUSED,
    UNANSWERED
  }

  private final OutboxStore outbox;
  private final RecordSender sender;
  private final Notifications notifications;

  /// What Kafka has not answered yet, by row: it is not sent again from here.
  private final Map<Long, CompletableFuture<Void>> open = new HashMap<>();

  private boolean cutOff;

  OutboxRelay(
      OutboxStore outbox, RecordSender sender, Notifications notifications, GatewayConfig config) {
    super("outbox", config.every());
    this.outbox = outbox;
    this.sender = sender;
    this.notifications = notifications;
  }

  @Override
  public void start() {
    super.start();
    notifications.on(Channel.OUTBOX, _ -> ask());
  }

  @Override
  protected void round() {
    boolean more = true;
    while (more) {
      // Without an answer from Kafka, one row is enough to ask for one; others send the rest.
      List<OutboxStore.Row> rows = outbox.claim(cutOff ? 1 : BATCH, LEASE);
      more = !rows.isEmpty() && relay(rows);
    }
  }

  /// Sends claimed rows.
  ///
  /// @return whether Kafka answers and there may be more to send, so that it makes sense to
  /// continue
  private boolean relay(List<OutboxStore.Row> rows) {
    long until = System.nanoTime() + PATIENCE.toNanos();
    for (OutboxStore.Row row : rows) {
      // Sending itself may block while the broker is away.
      if (until - System.nanoTime() > 0) {
        open.computeIfAbsent(row.id(), _ -> send(row));
      }
    }
    Map<Fate, List<Long>> fates = new HashMap<>();
    for (OutboxStore.Row row : rows) {
      fates.computeIfAbsent(fate(row, until), _ -> new ArrayList<>()).add(row.id());
    }
    List<Long> sent = fates.getOrDefault(Fate.ACKNOWLEDGED, List.of());
    boolean more = sent.isEmpty() || outbox.remove(sent);
    outbox.putOff(fates.getOrDefault(Fate.REFUSED, List.of()));
    outbox.release(fates.getOrDefault(Fate.UNANSWERED, List.of()));
    cutOff = fates.containsKey(Fate.UNANSWERED);
    if (!cutOff) {
      // What was answered after it was given back is another gateway's by now.
      open.values().removeIf(CompletableFuture::isDone);
    }
    return !cutOff && more;
  }

  private CompletableFuture<Void> send(OutboxStore.Row row) {
    try {
      return sender.send(
          new ProducerRecord<>(
              row.topic(), row.key().getBytes(StandardCharsets.UTF_8), row.payload()));
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private Fate fate(OutboxStore.Row row, long until) {
    CompletableFuture<Void> sent = open.get(row.id());
    if (sent == null) {
      return Fate.UNANSWERED;
    }
    try {
      sent.get(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
      open.remove(row.id());
      return Fate.ACKNOWLEDGED;
    } catch (TimeoutException _) {
      LOG.warn("a record of job {} waits for Kafka", row.jobId());
      return Fate.UNANSWERED;
    } catch (ExecutionException e) {
      open.remove(row.id());
      if (e.getCause() instanceof RetriableException) {
        LOG.warn("a record of job {} waits for Kafka: {}", row.jobId(), e.getMessage());
        return Fate.UNANSWERED;
      }
      LOG.error("a record of job {} cannot be sent; it is tried again", row.jobId(), e.getCause());
      return Fate.REFUSED;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return Fate.UNANSWERED;
    }
  }
}
