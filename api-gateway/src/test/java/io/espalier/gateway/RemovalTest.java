package io.espalier.gateway;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.espalier.artifacts.ArtifactStore;
import io.espalier.contracts.ArtifactKeys;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class RemovalTest {

  private static final String DIGEST = "5".repeat(64);

  @Inject Fleet fleet;
  @Inject ArtifactStore artifacts;

  private String job = "";

  @BeforeEach
  void begin() {
    fleet.begin();
    job = Api.submit();
    Api.awaitStatus(job, "running");
    artifacts.put(ArtifactKeys.image(job, DIGEST), new byte[] {1}, "image/png");
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

  @Test
  void candidatesOfLongEndedJobsAreSweptAndResultsStay() {
    end();
    assertThat(artifacts.exists(ArtifactKeys.image(job, DIGEST))).isTrue();

    fleet.sql(
        "update jobs set ended_at = ended_at - interval '25 hours' where id = ?",
        UUID.fromString(job));

    await().until(() -> artifacts.list(ArtifactKeys.candidates(job)).findAny().isEmpty());
    assertThat(artifacts.exists(ArtifactKeys.resultImage(job))).isTrue();
    assertThat(given().get("/v1/jobs/" + job + "/image").statusCode()).isEqualTo(200);
  }
}
