package io.espalier.gateway;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.espalier.contracts.JobRecord;
import io.espalier.gateway.store.JobStore;
import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class DeadlinesTest {

  @Inject Fleet fleet;
  @Inject JobStore jobs;

  @BeforeEach
  void begin() {
    fleet.begin();
  }

  private static String run() {
    String id = Api.submit();
    Api.awaitStatus(id, "running");
    return id;
  }

  /// The search of a running job should have ended some time ago.
  private void overdue(String id, String interval) {
    String update =
        "update jobs set ends_by = now() - cast(? as interval) where id = ? and status = 'running'";
    assertThat(fleet.sql(update, interval, UUID.fromString(id))).isEqualTo(1);
  }

  @Test
  void aRunningJobEndsByItsDeadlineOrThatOfTheLongestSearch() {
    String own = Api.submit("{\"prompt\": \"x\", \"deadlineSeconds\": 60}");
    String longest = Api.submit();
    Api.awaitStatus(own, "running");
    Api.awaitStatus(longest, "running");

    String query = "select cast(%s as text) from jobs where id = ?";
    assertThat(fleet.query(query.formatted("ends_by = deadline_at"), UUID.fromString(own)))
        .containsExactly("true");
    assertThat(
            fleet.query(
                query.formatted("ends_by = admitted_at + interval '1 hour'"),
                UUID.fromString(longest)))
        .containsExactly("true");
  }

  @Test
  void aSearchThatTellsNoEndLosesItsSlotAndMayBeDeleted() throws Exception {
    List<String> lost = IntStream.range(0, Servers.RUNNING).mapToObj(_ -> run()).toList();
    String waiting = Api.submit();
    fleet.tell(Told.started(lost.getFirst(), 0));

    try (Watcher watcher = Watcher.of(lost.getFirst())) {
      watcher.awaitIds("0");
      lost.forEach(id -> overdue(id, "1 hour"));
      watcher.awaitIds("0", Long.toString(Long.MAX_VALUE));
      watcher.awaitEnd();
    }

    Api.awaitStatus(lost.getFirst(), "failed");
    assertThat(Api.job(lost.getFirst()).getString("reason")).contains("told no end");
    Api.awaitStatus(waiting, "running");
    for (String id : lost) {
      await()
          .untilAsserted(() -> assertThat(fleet.records(id)).endsWith(new JobRecord.Cancelled(id)));
      assertThat(given().delete("/v1/jobs/" + id).statusCode()).isEqualTo(204);
    }
  }

  @Test
  void anEndThatComesTooLateChangesNothing() throws Exception {
    String late = run();
    String spec = fleet.query("select cast(spec as text) from jobs").getFirst();
    fleet.sql("update jobs set spec = '{}'"); // nobody can read it, and nobody has to
    overdue(late, "1 hour");
    await()
        .untilAsserted(
            () -> assertThat(fleet.query("select status from jobs")).containsExactly("failed"));
    fleet.sql("update jobs set spec = cast(? as json)", spec);

    fleet.tell(Told.ended(late, 3, "found", ""));
    String later = run();
    fleet.tell(Told.ended(later, 0, "found", ""));
    Api.awaitStatus(later, "found");

    assertThat(Api.status(late)).isEqualTo("failed");
    try (Watcher watcher = Watcher.of(late)) {
      watcher.awaitIds(Long.toString(Long.MAX_VALUE));
      watcher.awaitEnd();
    }
  }

  @Test
  void aSearchHasTheTimeOfTheGraceToTellItsEnd() {
    String inTime = run();
    String tooLate = run();
    overdue(inTime, "-1 hour");
    overdue(tooLate, "1 hour");

    Api.awaitStatus(tooLate, "failed");
    assertThat(Api.status(inTime)).isEqualTo("running");
  }

  @Test
  void endingWhatIsOverdueDoesNotHoldUpAdmission() throws Exception {
    List<String> running = IntStream.range(0, Servers.RUNNING).mapToObj(_ -> run()).toList();
    String late = Api.submit("{\"prompt\": \"three stars\", \"deadlineSeconds\": 1}");
    String next = Api.submit();
    try (Fleet.Held _ = fleet.hold("lock table events in share mode")) {
      await()
          .until(
              () -> Instant.parse(Api.job(late).getString("deadlineAt")).isBefore(Instant.now()));
      fleet.sql(
          "update jobs set status = 'cancelled', ended_at = now() where id = ?",
          UUID.fromString(running.getFirst()));
      Api.awaitStatus(next, "running");
      assertThat(Api.status(late)).isEqualTo("queued");
    }
    Api.awaitStatus(late, "expired");
  }

  @Test
  void anOverdueJobThatCannotBeReadEndsWithTheOthers() {
    IntStream.range(0, Servers.RUNNING).forEach(_ -> run());
    String body = "{\"prompt\": \"three stars\", \"deadlineSeconds\": 60}";
    String unreadable = Api.submit(body);
    String late = Api.submit(body);
    fleet.sql("update jobs set spec = '{}' where id = ?", UUID.fromString(unreadable));
    fleet.sql("update jobs set deadline_at = now() where status = 'queued'");

    Api.awaitStatus(late, "expired");
    String query = "select status || ': ' || reason from jobs where id = ?";
    assertThat(fleet.query(query, UUID.fromString(unreadable)))
        .singleElement()
        .asString()
        .startsWith("failed: ")
        .contains("cannot be read");
  }

  @Test
  void thousandsOfOverdueJobsEndAFewAtATime() {
    String first = run();
    fleet.sql(
        """
        insert into jobs (id, request, spec, body_digest, created_at, deadline_at)
        select gen_random_uuid(), request, spec, body_digest, created_at, now() - interval '1 day'
        from jobs, generate_series(1, 2000) where jobs.id = ?
        """,
        UUID.fromString(first));

    Instant now = Instant.now().truncatedTo(ChronoUnit.MICROS);
    assertThat(QuarkusTransaction.requiringNew().call(() -> jobs.overdueInQueue(now, 10)))
        .hasSize(10);
    await()
        .untilAsserted(
            () ->
                assertThat(
                        fleet.query(
                            "select cast(count(*) as text) from jobs where status = 'expired'"))
                    .containsExactly("2000"));
  }
}
