package io.espalier.gateway;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.espalier.contracts.JobEvent;
import io.espalier.contracts.Topics;
import io.espalier.flow.Records;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class EventsTest {

  @Inject Fleet fleet;

  private String job = "";

  @BeforeEach
  void begin() {
    fleet.begin();
    job = Api.submit();
    Api.awaitStatus(job, "running");
  }

  /// Three events that are stored.
  private void tellThree() throws Exception {
    fleet.tell(Told.started(job, 0));
    fleet.tell(Told.scored(job, 1));
    fleet.tell(Told.scored(job, 2));
    try (Watcher watcher = Watcher.of(job)) {
      watcher.awaitIds("0", "1", "2");
    }
  }

  @Test
  void aWatcherSeesAllFromTheFirstAndThenWhatComesUntilTheEnd() throws Exception {
    tellThree();

    try (Watcher watcher = Watcher.of(job)) {
      assertThat(watcher.statusCode()).isEqualTo(200);
      watcher.awaitIds("0", "1", "2");
      fleet.tell(Told.scored(job, 3));
      watcher.awaitIds("0", "1", "2", "3");
      fleet.tell(Told.ended(job, 4, "found", ""));
      watcher.awaitIds("0", "1", "2", "3", "4");
      watcher.awaitEnd();
      assertThat(watcher.events().stream().map(Watcher.Event::name))
          .containsExactly("started", "scored", "scored", "scored", "ended");
    }
  }

  @Test
  void anEventIsTheRecordOfItsTopic() throws Exception {
    JobEvent scored = Told.scored(job, 0);
    fleet.tell(scored);

    try (Watcher watcher = Watcher.of(job)) {
      watcher.awaitIds("0");
      byte[] data = watcher.events().getFirst().data().getBytes(StandardCharsets.UTF_8);
      assertThat(Records.read(data, JobEvent.class)).isEqualTo(scored);
    }
  }

  @Test
  void aWatcherThatComesBackGoesOnAfterItsLastEvent() throws Exception {
    tellThree();

    try (Watcher watcher = Watcher.of(job, 1)) {
      watcher.awaitIds("2");
      fleet.tell(Told.ended(job, 3, "found", ""));
      watcher.awaitIds("2", "3");
      watcher.awaitEnd();
    }
  }

  @Test
  void aWatcherThatHasTheLastEventIsToldNotToComeBack() throws Exception {
    tellThree();
    fleet.tell(Told.ended(job, 3, "found", ""));
    Api.awaitStatus(job, "found");

    try (Watcher watcher = Watcher.of(job, 3)) {
      assertThat(watcher.statusCode()).isEqualTo(204);
    }
  }

  @Test
  void aWatcherIsToldWithoutTheJobsSpecBeingRead() throws Exception {
    try (Watcher watcher = Watcher.of(job)) {
      String spec =
          fleet.query("select cast(spec as text) from jobs where id = ?", uuid()).getFirst();
      fleet.sql("update jobs set spec = '{}', request = '{}' where id = ?", uuid());
      fleet.tell(Told.started(job, 0));
      watcher.awaitIds("0");
      fleet.sql("update jobs set spec = cast(? as json) where id = ?", spec, uuid());
      fleet.tell(Told.ended(job, 1, "found", ""));
      watcher.awaitEnd();
    }
  }

  private UUID uuid() {
    return UUID.fromString(job);
  }

  @Test
  void manyWatchersSeeTheSame() throws Exception {
    try (Watcher one = Watcher.of(job);
        Watcher other = Watcher.of(job)) {
      fleet.tell(Told.started(job, 0));
      fleet.tell(Told.ended(job, 1, "found", ""));
      one.awaitIds("0", "1");
      other.awaitIds("0", "1");
    }
  }

  @Test
  void aSilentStreamSendsCommentsNowAndThen() throws Exception {
    try (Watcher watcher = Watcher.of(job)) {
      await().untilAsserted(() -> assertThat(watcher.comments()).hasSizeGreaterThan(1));
      assertThat(watcher.events()).isEmpty();
    }
  }

  @Test
  void aWatcherThatGoesIsNoticed() throws Exception {
    try (Watcher watcher = Watcher.of(job)) {
      assertThat(watcher.statusCode()).isEqualTo(200);
      assertThat(given().get("/q/metrics").asString()).doesNotContain("espalier_watchers 0.0");
    }

    await()
        .untilAsserted(
            () ->
                assertThat(given().get("/q/metrics").asString()).contains("espalier_watchers 0.0"));
  }

  @Test
  void anEventThatAnotherGatewayHasStoredIsToldHere() throws Exception {
    try (Watcher watcher = Watcher.of(job)) {
      fleet.storeElsewhere(Told.started(job, 0));
      fleet.query("select cast(pg_notify('espalier_events', ?) as text)", job);
      watcher.awaitIds("0");
    }
  }

  @Test
  void anEventWhoseNotificationWasLostIsToldAllTheSame() throws Exception {
    try (Watcher watcher = Watcher.of(job)) {
      fleet.storeElsewhere(Told.started(job, 0));
      watcher.awaitIds("0");
    }
  }

  @Test
  void aGatewayWhoseListeningConnectionBreaksListensAgain() {
    String listening = "select cast(pid as text) from pg_stat_activity where query like 'LISTEN%'";
    await().untilAsserted(() -> assertThat(fleet.query(listening)).hasSize(1));
    String before = fleet.query(listening).getFirst();

    fleet.query("select cast(pg_terminate_backend(cast(? as int)) as text)", before);

    await()
        .untilAsserted(() -> assertThat(fleet.query(listening)).hasSize(1).doesNotContain(before));
  }

  @Test
  void anEventThatComesTwiceIsToldOnce() throws Exception {
    tellThree();
    fleet.tell(Told.scored(job, 1));
    fleet.tell(Told.scored(job, 2));
    fleet.tell(Told.ended(job, 3, "found", ""));
    fleet.tell(Told.ended(job, 3, "failed", "a later attempt"));

    try (Watcher watcher = Watcher.of(job)) {
      watcher.awaitIds("0", "1", "2", "3");
      watcher.awaitEnd();
    }
    assertThat(Api.status(job)).isEqualTo("found");
  }

  @Test
  void eventsThatComeOutOfOrderAreToldInOrder() throws Exception {
    try (Watcher watcher = Watcher.of(job)) {
      fleet.tell(Told.ended(job, 3, "found", ""));
      fleet.tell(Told.scored(job, 2));
      fleet.tell(Told.scored(job, 1));
      fleet.tell(Told.started(job, 0));
      watcher.awaitIds("0", "1", "2", "3");
      watcher.awaitEnd();
    }
  }

  @Test
  void anEventThatNeverComesIsNotWaitedForForEver() throws Exception {
    try (Watcher watcher = Watcher.of(job)) {
      fleet.tell(Told.started(job, 0));
      fleet.tell(Told.ended(job, 2, "found", ""));
      watcher.awaitIds("0", "2");
      watcher.awaitEnd();
    }
  }

  @Test
  void theEndGivesTheJobItsResult() {
    fleet.tell(Told.ended(job, 0, "found", ""));
    Api.awaitStatus(job, "found");

    assertThat(Api.job(job).getString("result.answer.candidate")).isEqualTo("0");
    assertThat(Api.job(job).getString("endedAt")).isNotNull();
    assertThat(Api.job(job).getString("links.image")).endsWith("/image");
  }

  @Test
  void aRejectedJobHasFailedForThatReason() throws Exception {
    fleet.tell(Told.rejected(job, 0, "no queue for shapes-infinity"));
    Api.awaitStatus(job, "failed");

    assertThat(Api.job(job).getString("reason")).isEqualTo("no queue for shapes-infinity");
    try (Watcher watcher = Watcher.of(job)) {
      watcher.awaitIds("0");
      watcher.awaitEnd();
    }
  }

  @Test
  void aJobThatEndsInTheQueueHasOneEvent() throws Exception {
    for (int running = 1; running < Servers.RUNNING; running++) {
      Api.submit();
    }
    String queued = Api.submit();
    try (Watcher watcher = Watcher.of(queued)) {
      assertThat(Api.cancel(queued).<String>path("job.status")).isEqualTo("cancelled");
      watcher.awaitIds("0");
      watcher.awaitEnd();
      assertThat(watcher.events().getFirst().name()).isEqualTo("ended");
    }
  }

  @Test
  void aPoisonRecordIsLaidAsideAndTheNextOnesAreRead() throws Exception {
    fleet.tellRaw(Topics.EVENTS, job, "no record");
    fleet.tell(Told.started(job, 0));
    fleet.tell(Told.ended(job, 1, "found", ""));

    Api.awaitStatus(job, "found");
    await().untilAsserted(() -> assertThat(letterReason()).contains("no JobEvent"));
  }

  @Test
  void anEventThatTheDatabaseRefusesIsLaidAsideAlone() {
    fleet.tell(Told.started(job, 0));
    fleet.tell(Told.rejected("not a job", 0, "no reason"));
    fleet.tell(Told.ended(job, 1, "found", "a reason with a \0 in it"));

    Api.awaitStatus(job, "failed");
    assertThat(Api.job(job).getString("reason")).contains("the job's end cannot be read");
    await().untilAsserted(() -> assertThat(letterReason()).contains("the database refuses it"));
  }

  @Test
  void anEndThatCannotBeReadEndsTheJobAllTheSame() throws Exception {
    String end = "{\"schema\": 1, \"type\": \"ended\", \"jobId\": \"%s\"}".formatted(job);
    fleet.tellRaw(Topics.EVENTS, job, end);

    Api.awaitStatus(job, "failed");
    assertThat(Api.job(job).getString("reason")).contains("the job's end cannot be read");
  }

  /// Why records of this job were laid aside.
  private String letterReason() {
    StringBuilder reasons = new StringBuilder();
    for (ConsumerRecord<byte[], byte[]> letter : fleet.read(Topics.DEAD_LETTERS)) {
      if (new String(letter.key(), StandardCharsets.UTF_8).equals(job)) {
        byte[] reason =
            Objects.requireNonNull(letter.headers().lastHeader("espalier-reason")).value();
        reasons.append(new String(reason, StandardCharsets.UTF_8)).append('\n');
      }
    }
    return reasons.toString();
  }
}
