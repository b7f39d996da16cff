package io.espalier.gateway.store;

import io.espalier.contracts.JobRecord;
import io.espalier.gateway.store.Notifications.Channel;
import jakarta.inject.Singleton;
import jakarta.persistence.Tuple;
import jakarta.transaction.Transactional;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.hibernate.Session;

/// The outbox in the database. Blocking. Every call runs in the caller's transaction where there
/// is one, else in its own.
@Singleton
@Transactional
public class OutboxStore {

  /// A record that is to be sent.
  @SuppressWarnings("ArrayRecordComponent") // rows are not compared
  public record Row(long id, UUID jobId, String topic, String key, byte[] payload) {}

  private final Session session;

  OutboxStore(Session session) {
    this.session = session;
  }

  /// Adds records of a topic, in their order, and tells relays once the transaction commits.
  public void add(String topic, Collection<? extends JobRecord> records) {
    session
        .createNativeQuery(
            """
            with added as (
              insert into outbox (job_id, topic, key, payload)
              select told.job, :topic, cast(told.job as text),
                  convert_to(cast(told.record as text), 'UTF8')
              from json_to_recordset(cast(:records as json)) as told(job uuid, record json)
              returning id)
            select cast(pg_notify(:channel, '') as text) from added
            """,
            String.class)
        .setParameter("channel", Channel.OUTBOX.wire())
        .setParameter("topic", topic)
        .setParameter(
            "records",
            JsonRows.of(
                records,
                (row, record) ->
                    row.put("job", record.jobId()).putRawValue("record", JsonRows.raw(record))))
        .getResultList();
  }

  /// Claims the oldest rows, but only the first of each job, and none that another has claimed.
  ///
  /// @param lease how long they are the caller's; then anybody may claim them
  public List<Row> claim(int limit, Duration lease) {
    return session
        .createNativeQuery(
            """
            with due as materialized (
              select id from outbox
              where due_at <= clock_timestamp() and not exists (
                select from outbox earlier
                where earlier.job_id = outbox.job_id and earlier.id < outbox.id)
              order by id limit :limit for update skip locked)
            update outbox set due_at = clock_timestamp() + :lease * interval '1 millisecond'
            from due where outbox.id = due.id
            returning outbox.id, job_id, topic, key, payload
            """,
            Tuple.class)
        .setParameter("limit", limit)
        .setParameter("lease", lease.toMillis())
        .getResultList()
        .stream()
        .map(
            row ->
                new Row(
                    row.get("id", Long.class),
                    row.get("job_id", UUID.class),
                    row.get("topic", String.class),
                    row.get("key", String.class),
                    row.get("payload", byte[].class)))
        .sorted(Comparator.comparingLong(Row::id))
        .toList();
  }

  /// Gives claimed rows back, so that anybody may claim them at once.
  public void release(List<Long> ids) {
    change("update outbox set due_at = clock_timestamp() where id in (:ids)", ids);
  }

  /// Puts rows off, each time for twice as long, up to ten minutes.
  public void putOff(List<Long> ids) {
    change(
        """
        update outbox set attempts = attempts + 1, due_at = clock_timestamp()
            + least(interval '1 second' * power(2, least(attempts, 10)), interval '10 minutes')
        where id in (:ids)
        """,
        ids);
  }

  /// Removes rows.
  ///
  /// @param ids at least one
  /// @return whether others are due
  public boolean remove(List<Long> ids) {
    return session
        .createNativeQuery(
            """
            with sent as (delete from outbox where id in (:ids))
            select exists (
              select from outbox where due_at <= clock_timestamp() and id not in (:ids))
            """,
            Boolean.class)
        .setParameterList("ids", ids)
        .getSingleResult();
  }

  private void change(String sql, List<Long> ids) {
    if (!ids.isEmpty()) {
      session.createNativeMutationQuery(sql).setParameterList("ids", ids).executeUpdate();
    }
  }
}
