package io.espalier.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.espalier.contracts.JobRecord;
import io.espalier.contracts.Topics;
import io.espalier.flow.Records;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class OutboxTest {

  @Inject Fleet fleet;

  @BeforeEach
  void begin() {
    fleet.begin();
  }

  /// A row whose claim, another gateway's, ends after a while.
  private void row(String job, String topic, byte[] payload, String claimedFor) {
    fleet.sql(
        """
        insert into outbox (job_id, topic, key, payload, due_at)
        values (?, ?, ?, ?, now() + cast(? as interval))
        """,
        UUID.fromString(job),
        topic,
        job,
        payload,
        claimedFor);
  }

  private static byte[] cancelled(String job) {
    return Records.write(new JobRecord.Cancelled(job));
  }

  private long rows(String job) {
    return fleet.query("select cast(id as text) from outbox where key = ?", job).size();
  }

  @Test
  void whatIsStoredIsSentWhetherItCanBeReadOrNot() {
    String job = UUID.randomUUID().toString();
    row(job, Topics.DEAD_LETTERS, "no record".getBytes(StandardCharsets.UTF_8), "0s");

    fleet.awaitSubmitted(Api.submit());

    await().until(() -> rows(job) == 0);
    assertThat(fleet.read(Topics.DEAD_LETTERS))
        .anySatisfy(
            letter -> {
              assertThat(letter.key()).asString(StandardCharsets.UTF_8).isEqualTo(job);
              assertThat(letter.value()).asString(StandardCharsets.UTF_8).isEqualTo("no record");
            });
  }

  @Test
  void aRecordThatKafkaRefusesHoldsUpOnlyItsOwnJob() {
    String job = UUID.randomUUID().toString();
    row(job, "no topic!", cancelled(job), "0s");
    row(job, Topics.JOBS, cancelled(job), "0s");

    fleet.awaitSubmitted(Api.submit());
    fleet.awaitSubmitted(Api.submit());

    assertThat(rows(job)).isEqualTo(2);
    await()
        .untilAsserted(
            () ->
                assertThat(
                        fleet.query(
                            "select cast(max(attempts) as text) from outbox where key = ?", job))
                    .doesNotContain("0"));
    fleet.sql("delete from outbox where key = ? and topic = 'no topic!'", job);
    await().untilAsserted(() -> assertThat(fleet.records(job)).hasSize(1));
  }

  @Test
  void aRowThatAnotherGatewayHoldsStopsNobody() throws Exception {
    String job = UUID.randomUUID().toString();
    row(job, Topics.JOBS, cancelled(job), "1s");
    String due = "select key from outbox where key = ? and due_at < clock_timestamp()";
    // A claim that has not committed: to others the row looks due.
    String claim = "update outbox set due_at = due_at + interval '1 hour' where key = ?";
    try (Fleet.Held _ = fleet.hold(claim, job)) {
      await().until(() -> fleet.query(due, job).size() == 1);
      fleet.awaitSubmitted(Api.submit());
      fleet.awaitSubmitted(Api.submit());
      assertThat(fleet.records(job)).isEmpty();
    }
    await().untilAsserted(() -> assertThat(fleet.records(job)).hasSize(1));
  }

  @Test
  void aClaimedRecordIsNeitherSentNorOvertakenUntilTheClaimEnds() {
    String job = UUID.randomUUID().toString();
    byte[] first =
        "{\"schema\":1,\"type\":\"cancelled\",\"jobId\":\"%s\",\"first\":1}"
            .formatted(job)
            .getBytes(StandardCharsets.UTF_8);
    row(job, Topics.JOBS, first, "1h");
    row(job, Topics.JOBS, cancelled(job), "0s");

    fleet.awaitSubmitted(Api.submit());
    fleet.awaitSubmitted(Api.submit());
    assertThat(fleet.records(job)).isEmpty();

    fleet.sql("update outbox set due_at = now() where key = ?", job);
    await().untilAsserted(() -> assertThat(fleet.records(job)).hasSize(2));
    assertThat(
            fleet.read(Topics.JOBS).stream()
                .filter(record -> new String(record.key(), StandardCharsets.UTF_8).equals(job))
                .map(record -> new String(record.value(), StandardCharsets.UTF_8)))
        .containsExactly(
            new String(first, StandardCharsets.UTF_8),
            new String(cancelled(job), StandardCharsets.UTF_8));
  }
}
