package io.espalier.gateway;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.espalier.contracts.JobRecord;
import io.espalier.contracts.JobSpec;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import jakarta.inject.Inject;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@QuarkusTest
class SubmissionTest {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  @Inject Fleet fleet;

  @BeforeEach
  void begin() {
    fleet.begin();
  }

  @Test
  void aJobIsAcceptedAndCanBeFoundAtItsLocation() {
    Response response = Api.post(Api.PROMPT);

    assertThat(response.statusCode()).isEqualTo(202);
    String id = response.path("id");
    assertThat(response.header("Location")).endsWith("/v1/jobs/" + id);
    JsonPath found = given().get(response.header("Location")).jsonPath();
    assertThat(found.getString("id")).isEqualTo(id);
    assertThat(found.getString("request.prompt")).isEqualTo("a red circle left of a blue square");
  }

  @Test
  void everyDefaultIsFilledInAndTheCostIsPlanned() {
    JsonPath job = Api.post(Api.PROMPT).jsonPath();

    assertThat(job.getString("spec.generator.digest")).isEqualTo(Told.GENERATOR_DIGEST);
    assertThat(job.<Map<String, Object>>get("spec.settings.strategy"))
        .isEqualTo(Map.of("type", "beam", "width", 3, "branches", 5));
    assertThat(job.getLong("spec.settings.seed")).isBetween(0L, 1L << 53);
    assertThat(job.getLong("planned.nfe")).isEqualTo(357);
    assertThat(job.getString("links.events")).endsWith("/events");
    assertThat(job.getMap("links")).doesNotContainKeys("image", "tree");
  }

  @Test
  void whatTheJobAsksForReachesTheSearch() {
    String id =
        Api.submit(
            """
            {"prompt": "three stars", "strategy": {"type": "greedy", "branches": 2}, "depth": 4, "seed": 7,
             "verifiers": {"clip": 0.5}, "guidance": 4, "priority": 3, "deadlineSeconds": 60}
            """);

    JobRecord.Submitted submitted = fleet.awaitSubmitted(id);
    assertThat(submitted.tenant()).isEqualTo("default");
    assertThat(submitted.priority()).isEqualTo(3);
    assertThat(submitted.spec().prompt()).isEqualTo("three stars");
    assertThat(submitted.spec().settings().depth()).isEqualTo("4");
    assertThat(submitted.spec().settings().guidance()).hasSize(Told.SCALES).containsOnly(4f);
    assertThat(submitted.spec().verifiers()).singleElement().extracting("name").isEqualTo("clip");
    Instant created = Instant.parse(Api.job(id).getString("createdAt"));
    assertThat(submitted.submittedAt()).isEqualTo(created.toEpochMilli());
    assertThat(submitted.deadlineAt()).isEqualTo(created.plusSeconds(60).toEpochMilli());
    assertThat(Instant.parse(Api.job(id).getString("admittedAt")))
        .isCloseTo(created, within(30, ChronoUnit.SECONDS));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          "smc"                                       | {"type":"smc","particles":15,"lambda":2.0,"potential":"value"}
          {"particles":[9,6],"type":"smc","at":2}     | {"type":"smc","particles":[9,6],"lambda":2.0,"potential":"value","at":[2]}
          {"type":"threshold","draws":[9,6],"wave":3} | {"type":"threshold","width":1,"draws":[9,6],"wave":3}
          {"rounds":4,"type":"backtracking"}          | {"type":"backtracking","width":3,"branches":5,"rounds":4}
          {"type":"beam","width":[8,4,2]}             | {"type":"beam","width":[8,4,2],"branches":5}
          """)
  void everyStrategyReachesTheSearchWithItsDefaultsAndInOneOrder(String asked, String searched)
      throws Exception {
    String id = Api.submit("{\"prompt\": \"three stars\", \"strategy\": %s}".formatted(asked));

    Map<String, Object> strategy = fleet.awaitSubmitted(id).spec().settings().strategy();
    assertThat(JSON.writeValueAsString(strategy)).isEqualTo(searched);
    assertThat(Api.job(id).getLong("planned.nfe")).isPositive();
  }

  @Test
  void tiersAConfidenceAndADepthByScaleReachTheSearch() {
    String id =
        Api.submit(
            """
            {"prompt": "three stars", "verifiers": {"clip": 1, "vlm": 2}, "tiers": {"vlm": [0, 5]},
             "confidence": 0.9, "calibration": [[-1, 0.1], [2, 0.95]], "depth": "3/3/full"}
            """);

    JobSpec spec = fleet.awaitSubmitted(id).spec();
    assertThat(spec.settings().tiers()).isEqualTo(Map.of("vlm", List.of(0, 5)));
    assertThat(spec.verifiers().getLast().best()).containsExactly(0, 5);
    assertThat(spec.settings().confidence()).isEqualTo(0.9);
    assertThat(spec.settings().calibration())
        .containsExactly(List.of(-1.0, 0.1), List.of(2.0, 0.95));
    assertThat(spec.settings().depth()).isEqualTo("3/3/full");
  }

  @Test
  void aTierOfOneNumberHoldsForEveryScale() {
    String id = Api.submit("{\"prompt\": \"three stars\", \"tiers\": {\"vlm\": 5}}");

    assertThat(Api.job(id).getList("spec.settings.tiers.vlm")).containsExactly(5);
  }

  @Test
  void theSameRequestWithTheSameKeyIsOneJob() {
    Response first = Api.post(Api.PROMPT, "key-1");
    Response again = Api.post("{\"prompt\":\"a red circle left of a blue square\"}", "key-1");

    assertThat(first.statusCode()).isEqualTo(202);
    assertThat(again.statusCode()).isEqualTo(200);
    assertThat(again.<String>path("id")).isEqualTo(first.path("id"));
    assertThat(again.header("Location")).isEqualTo(first.header("Location"));
  }

  @Test
  void anotherRequestWithTheSameKeyIsRefused() {
    String id = Api.post(Api.PROMPT, "key-2").path("id");

    Api.assertProblem(
        Api.post("{\"prompt\": \"another\"}", "key-2"), 422, "key-reused", "belongs to job " + id);
  }

  @Test
  void withoutAKeyTheSameRequestIsTwoJobs() {
    assertThat(Api.submit()).isNotEqualTo(Api.submit());
  }

  @Test
  void theSameKeyFromManySidesAtOnceIsOneJob() throws Exception {
    List<Future<String>> ids;
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      ids =
          IntStream.range(0, 16)
              .mapToObj(_ -> clients.submit(() -> Api.post(Api.PROMPT, "key-3").<String>path("id")))
              .toList();
    }
    Set<String> different = ids.stream().map(Future::resultNow).collect(Collectors.toSet());
    assertThat(different).hasSize(1);
  }

  @Test
  void aKeyThatIsTooLongIsRefused() {
    Api.assertProblem(
        Api.post(Api.PROMPT, "k".repeat(201)), 400, "bad-parameter", "201 characters");
  }

  @Test
  void anUnknownJobIsAProblem() {
    String id = "6f1f7a52-6a0e-4c0b-9a3e-0d5c2b8e4f10";
    Api.assertProblem(given().get("/v1/jobs/" + id), 404, "unknown-job", id);
    Api.assertProblem(given().get("/v1/jobs/first"), 404, "unknown-job", "'first'");
    Api.assertProblem(Api.cancel(id), 404, "unknown-job", id);
    Api.assertProblem(given().delete("/v1/jobs/" + id), 404, "unknown-job", id);
    Api.assertProblem(given().get("/v1/jobs/" + id + "/events"), 404, "unknown-job", id);
    Api.assertProblem(given().get("/v1/jobs/" + id + "/image"), 404, "unknown-job", id);
  }
}
