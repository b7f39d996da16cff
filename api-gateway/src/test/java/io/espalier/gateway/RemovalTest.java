package io.espalier.gateway;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.espalier.artifacts.ArtifactStore;
import io.espalier.contracts.ArtifactKeys;
import io.espalier.gateway.store.SweepStore;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class RemovalTest {

  private static final String SLICE = "5".repeat(64);

  @Inject Fleet fleet;
  @Inject ArtifactStore artifacts;
  @Inject StoreUnderTest store;
  @Inject SweepStore sweeps;

  private String job = "";

  @BeforeEach
  void begin() {
    fleet.begin();
    job = Api.submit();
    Api.awaitStatus(job, "running");
    artifacts.put(ArtifactKeys.slice(job, SLICE), new byte[] {1}, "application/octet-stream");
    artifacts.put(ArtifactKeys.resultImage(job), new byte[] {1}, "image/png");
  }

  private void end() {
    fleet.tell(Told.started(job, 0));
    fleet.tell(Told.ended(job, 1, "found", ""));
    Api.awaitStatus(job, "found");
  }

  @Test
  void anEndedJobIsDeletedWithAllThatItLeft() {
    end();

    assertThat(given().delete("/v1/jobs/" + job).statusCode()).isEqualTo(204);

    Api.assertProblem(given().get("/v1/jobs/" + job), 404, "unknown-job", job);
    Api.assertProblem(given().delete("/v1/jobs/" + job), 404, "unknown-job", job);
    assertThat(artifacts.list(ArtifactKeys.candidates(job))).isEmpty();
    assertThat(artifacts.list(ArtifactKeys.results(job))).isEmpty();
    assertThat(fleet.sql("delete from events where job_id = ?", UUID.fromString(job))).isZero();
  }

  @Test
  void aJobThatHasNotEndedIsNotDeleted() {
    Api.assertProblem(given().delete("/v1/jobs/" + job), 409, "not-ended", "is running");
    assertThat(Api.status(job)).isEqualTo("running");
    assertThat(artifacts.exists(ArtifactKeys.resultImage(job))).isTrue();
  }

  @Test
  void whatIsToldOfADeletedJobIsForgotten() {
    end();
    given().delete("/v1/jobs/" + job).then().statusCode(204);
    fleet.tell(Told.ended(job, 1, "found", ""));
    String later = Api.submit();
    Api.awaitStatus(later, "running");
    fleet.tell(Told.ended(later, 0, "found", ""));

    Api.awaitStatus(later, "found");
    Api.assertProblem(given().get("/v1/jobs/" + job), 404, "unknown-job", job);
  }

  private void sweepNow() {
    assertThat(fleet.sql("update sweeps set due_at = now() where job_id = ?", UUID.fromString(job)))
        .isEqualTo(1);
  }

  private boolean empty(String prefix) {
    return artifacts.list(prefix).findAny().isEmpty();
  }

  @Test
  void whatIsStoredLateOfADeletedJobIsSweptTwice() {
    end();
    given().delete("/v1/jobs/" + job).then().statusCode(204);

    artifacts.put(ArtifactKeys.slice(job, SLICE), new byte[] {1}, "application/octet-stream");
    artifacts.put(ArtifactKeys.resultImage(job), new byte[] {1}, "image/png");
    sweepNow();
    await().until(() -> empty(ArtifactKeys.candidates(job)) && empty(ArtifactKeys.results(job)));

    artifacts.put(ArtifactKeys.slice(job, SLICE), new byte[] {1}, "application/octet-stream");
    await()
        .until(
            () ->
                fleet
                    .query(
                        "select 'again' from sweeps where job_id = ? and again_at is null",
                        UUID.fromString(job))
                    .equals(List.of("again")));
    sweepNow();
    await().until(() -> empty(ArtifactKeys.candidates(job)));
    await().until(() -> fleet.query("select 'any' from sweeps").isEmpty());
  }

  @Test
  void candidatesThatAreSweptSoonAfterTheEndAreSweptAgain() {
    end();

    int handedOver = sweeps.handOverCandidates(Instant.now(), Duration.ofHours(1), 10);

    assertThat(handedOver).isEqualTo(1);
    await().until(() -> empty(ArtifactKeys.candidates(job)));
    String again =
        "select 'again' from sweeps where due_at > now() + interval '50 minutes' and again_at is null";
    await().untilAsserted(() -> assertThat(fleet.query(again)).hasSize(1));
    assertThat(artifacts.exists(ArtifactKeys.resultImage(job))).isTrue();
  }

  @Test
  void anObjectThatCannotBeRemovedHoldsUpNoOther() {
    String stuck = job;
    end();
    job = Api.submit();
    Api.awaitStatus(job, "running");
    artifacts.put(ArtifactKeys.slice(job, SLICE), new byte[] {1}, "application/octet-stream");
    end();
    store.refuseToRemove(ArtifactKeys.candidates(stuck));
    try {
      fleet.sql(
          "update jobs set ended_at = ended_at - interval '26 hours' where id = ?",
          UUID.fromString(stuck));
      await().untilAsserted(() -> assertThat(attempts(stuck)).isEqualTo(List.of("1")));
      fleet.sql(
          "update jobs set ended_at = ended_at - interval '25 hours' where id = ?",
          UUID.fromString(job));
      await().until(() -> empty(ArtifactKeys.candidates(job)));
      assertThat(artifacts.exists(ArtifactKeys.slice(stuck, SLICE))).isTrue();
      assertThat(attempts(stuck)).containsExactly("1");
    } finally {
      store.refuseNothing();
    }

    job = stuck;
    sweepNow();
    await().until(() -> empty(ArtifactKeys.candidates(stuck)));
  }

  private List<String> attempts(String id) {
    return fleet.query(
        "select cast(attempts as text) from sweeps where job_id = ?", UUID.fromString(id));
  }

  @Test
  void aJobThatAnotherGatewayHoldsHoldsUpNoOther() throws Exception {
    String held = job;
    end();
    job = Api.submit();
    Api.awaitStatus(job, "running");
    artifacts.put(ArtifactKeys.slice(job, SLICE), new byte[] {1}, "application/octet-stream");
    end();
    String old = "update jobs set ended_at = now() - cast(? as interval) where id = ?";
    fleet.sql(old, "23:59:58", UUID.fromString(held));
    String due = "select 'due' from jobs where id = ? and ended_at < now() - interval '24 hours'";
    String lock = "select id from jobs where id = ? for update";
    try (Fleet.Held _ = fleet.hold(lock, UUID.fromString(held))) {
      await().until(() -> fleet.query(due, UUID.fromString(held)).size() == 1);
      fleet.sql(old, "24:00:01", UUID.fromString(job));
      await().until(() -> empty(ArtifactKeys.candidates(job)));
      assertThat(artifacts.exists(ArtifactKeys.slice(held, SLICE))).isTrue();
    }
  }

  @Test
  void jobsGoAfterTheirRetentionWithTheirEventsAndResults() {
    end();
    String young = job;
    job = Api.submit();
    Api.awaitStatus(job, "running");
    artifacts.put(ArtifactKeys.resultImage(job), new byte[] {1}, "image/png");
    end();

    fleet.sql(
        "update jobs set ended_at = ended_at - interval '8 days' where id = ?",
        UUID.fromString(job));

    await().until(() -> given().get("/v1/jobs/" + job).statusCode() == 404);
    await().until(() -> empty(ArtifactKeys.results(job)));
    assertThat(
            fleet.query(
                "select cast(sequence as text) from events where job_id = ?", UUID.fromString(job)))
        .isEmpty();
    assertThat(Api.status(young)).isEqualTo("found");
    assertThat(artifacts.exists(ArtifactKeys.resultImage(young))).isTrue();
  }

  @Test
  void candidatesOfLongEndedJobsAreSweptAndResultsStay() {
    end();
    assertThat(artifacts.exists(ArtifactKeys.slice(job, SLICE))).isTrue();

    fleet.sql(
        "update jobs set ended_at = ended_at - interval '25 hours' where id = ?",
        UUID.fromString(job));

    await().until(() -> artifacts.list(ArtifactKeys.candidates(job)).findAny().isEmpty());
    assertThat(artifacts.exists(ArtifactKeys.resultImage(job))).isTrue();
    assertThat(given().get("/v1/jobs/" + job + "/image").statusCode()).isEqualTo(200);
  }
}
