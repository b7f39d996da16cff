package io.espalier.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.espalier.artifacts.ArtifactStore;
import io.espalier.contracts.ArtifactKeys;
import io.espalier.contracts.Drawn;
import io.espalier.contracts.JobSpec;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.Response;
import jakarta.inject.Inject;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class BaseTest {

  private static final Drawn DRAWN = new Drawn("3".repeat(64), "4".repeat(64), "5".repeat(64), 2);
  private static final byte[] SLICE = {7, 8, 9};

  @Inject Fleet fleet;
  @Inject ArtifactStore artifacts;

  private String earlier = "";

  @BeforeEach
  void begin() {
    fleet.begin();
    earlier = Api.submit();
    artifacts.put(ArtifactKeys.slice(earlier, DRAWN.slice()), SLICE, "application/octet-stream");
    fleet.tell(Told.scored(earlier, 0, "2.1", DRAWN));
    fleet.tell(Told.ended(earlier, 1, "found", ""));
    Api.awaitStatus(earlier, "found");
  }

  private Response branch(String candidate, String more) {
    return Api.post(
        "{\"prompt\": \"the same in green\", \"base\": {\"jobId\": \"%s\", \"candidate\": \"%s\"}%s}"
            .formatted(earlier, candidate, more));
  }

  @Test
  void aJobBranchesFromACandidateWhoseSliceBecomesItsOwn() {
    Response response = branch("2.1", "");

    assertThat(response.statusCode()).as(response.asString()).isEqualTo(202);
    String id = response.path("id");
    JobSpec.BaseRef base = fleet.awaitSubmitted(id).spec().base();
    assertThat(base).isEqualTo(new JobSpec.BaseRef("2.1", DRAWN));
    assertThat(artifacts.get(ArtifactKeys.slice(id, DRAWN.slice()))).isEqualTo(SLICE);
  }

  @Test
  void aCandidateThatWasNotScoredIsNoBase() {
    Api.assertProblem(branch("0.0", ""), 422, "invalid-search", "none of this lineage");
    Api.assertProblem(branch("a", ""), 422, "invalid-search", "'a' is not a lineage");
  }

  @Test
  void aBaseWhoseBitsAreGoneIsRefused() {
    artifacts.deleteAll(ArtifactKeys.candidates(earlier));

    Api.assertProblem(branch("2.1", ""), 422, "invalid-search", "no longer kept");
  }

  @Test
  void aBaseOfAnotherGeneratorIsRefused() {
    fleet.tell(Told.generator("shapes-zeta", "f".repeat(64)));
    await()
        .untilAsserted(
            () ->
                Api.assertProblem(
                    branch("2.1", ", \"bundle\": \"shapes-zeta\""),
                    422,
                    "invalid-search",
                    "the base was drawn by shapes-infinity"));
  }

  @Test
  void aRequestThatFailsLeavesNoCopyOfTheBase() {
    fleet.sql(
        """
        create function refused() returns trigger language plpgsql
        as $$ begin raise exception 'the gateway died here'; end $$
        """);
    fleet.sql("create trigger refused before insert on jobs execute function refused()");
    try {
      assertThat(branch("2.1", "").statusCode()).isEqualTo(500);
    } finally {
      fleet.sql("drop trigger refused on jobs");
      fleet.sql("drop function refused");
    }

    List<String> left = fleet.query("select cast(job_id as text) from sweeps");
    assertThat(left).hasSize(1);
    String prefix = ArtifactKeys.candidates(left.getFirst());
    assertThat(artifacts.exists(ArtifactKeys.slice(left.getFirst(), DRAWN.slice()))).isTrue();
    fleet.sql("update sweeps set due_at = now(), again_at = null");
    await().untilAsserted(() -> assertThat(artifacts.list(prefix)).isEmpty());
  }

  @Test
  void aBaseThatBecameAJobsOwnIsNotSwept() {
    String id = branch("2.1", "").path("id");

    assertThat(fleet.query("select cast(job_id as text) from sweeps")).isEmpty();
    assertThat(artifacts.exists(ArtifactKeys.slice(id, DRAWN.slice()))).isTrue();
  }

  @Test
  void theSameKeyKeepsOneCopyOfTheBase() {
    String body =
        "{\"prompt\": \"x\", \"base\": {\"jobId\": \"%s\", \"candidate\": \"2.1\"}}"
            .formatted(earlier);
    String id = Api.post(body, "base-key-" + earlier).path("id");

    assertThat(Api.post(body, "base-key-" + earlier).<String>path("id")).isEqualTo(id);
    assertThat(artifacts.list(ArtifactKeys.candidates(id))).hasSize(1);
  }
}
