package io.espalier.gateway;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.espalier.contracts.CatalogEntry;
import io.espalier.contracts.Topics;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.path.json.JsonPath;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class ServiceTest {

  @Inject Fleet fleet;

  @BeforeEach
  void begin() {
    fleet.begin();
  }

  private static List<String> bundles() {
    return given().get("/v1/bundles").jsonPath().getList("bundles.name", String.class);
  }

  @Test
  void theCatalogIsServed() {
    assertThat(bundles()).contains("clip", "image-reward", "shapes-infinity");
    JsonPath first = given().get("/v1/bundles").jsonPath();
    assertThat(first.getInt("bundles[0].generator.scales.size()")).isEqualTo(Told.SCALES);
  }

  @Test
  void aBundleThatIsToldNoLongerIsNotServed() {
    CatalogEntry live = Told.verifier("zeta");
    fleet.tell(live);
    await().until(() -> bundles().contains("zeta"));

    fleet.tell(live.toldAt(System.currentTimeMillis() - 31_000));

    await().until(() -> !bundles().contains("zeta"));
    Api.assertProblem(
        Api.post("{\"prompt\": \"x\", \"verifiers\": {\"zeta\": 1}}"),
        422,
        "invalid-search",
        "nobody serves the verifier 'zeta'");
  }

  @Test
  void anEntryThatNobodyCanReadIsPassedOver() throws Exception {
    fleet.tellRaw(Topics.CATALOG, "zeta-1", "no entry");
    fleet.tell(Told.verifier("zeta-2"));

    await().until(() -> bundles().contains("zeta-2"));
    assertThat(bundles()).doesNotContain("zeta-1");
  }

  @Test
  void theGatewayIsReadyAndSaysWhy() {
    JsonPath health = given().get("/q/health/ready").jsonPath();

    assertThat(health.getString("status")).isEqualTo("UP");
    assertThat(health.getList("checks.name", String.class))
        .contains("gateway")
        .anyMatch(name -> name.contains("Database"));
    assertThat(health.getMap("checks.find { it.name == 'gateway' }.data"))
        .containsOnlyKeys(
            "admission",
            "catalog",
            "catalogRead",
            "deadlines",
            "events",
            "notifications",
            "outbox",
            "sweep");
  }

  @Test
  void theQueueIsMeasured() {
    String id = Api.submit();
    Api.awaitStatus(id, "running");
    fleet.tell(Told.ended(id, 0, "found", ""));
    Api.awaitStatus(id, "found");

    assertThat(given().get("/q/metrics").asString())
        .contains("espalier_jobs_queued ")
        .contains("espalier_jobs_running ")
        .contains("espalier_jobs_ended_total{status=\"found\"}")
        .contains("espalier_jobs_waited_seconds_count");
  }

  @Test
  void everyOperationOfTheDocumentHasExamples() throws Exception {
    JsonNode document =
        JsonMapper.builder().build().readTree(given().get("/q/openapi?format=json").asByteArray());

    List<String> without = new ArrayList<>();
    for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
      for (Map.Entry<String, JsonNode> method : path.getValue().properties()) {
        String operation = method.getKey() + " " + path.getKey();
        for (JsonNode response : method.getValue().path("responses")) {
          check(operation, response.path("content"), without);
        }
        check(operation, method.getValue().path("requestBody").path("content"), without);
      }
    }

    assertThat(document.path("paths").properties().stream().map(Map.Entry::getKey))
        .contains("/v1/jobs", "/v1/jobs/{id}/events", "/v1/bundles");
    assertThat(without).isEmpty();
  }

  private static void check(String operation, JsonNode content, List<String> without) {
    for (Map.Entry<String, JsonNode> type : content.properties()) {
      boolean picture = type.getKey().equals("image/png");
      if (!picture && !type.getValue().has("example")) {
        without.add(operation + " as " + type.getKey());
      }
    }
  }

  @Test
  void everyStrategyIsDescribedWithAllItsParametersAndDefaults() throws Exception {
    JsonNode schemas =
        JsonMapper.builder()
            .build()
            .readTree(given().get("/q/openapi?format=json").asByteArray())
            .at("/components/schemas");

    List<String> described = new ArrayList<>();
    for (JsonNode each : schemas.path("Strategy").path("oneOf")) {
      String name = each.path("$ref").asText().replaceAll(".*/", "");
      JsonNode properties = schemas.path(name).path("properties");
      String tag = properties.at("/type/enum/0").asText();
      described.add(tag);
      List<String> parameters = new ArrayList<>();
      properties.fieldNames().forEachRemaining(parameters::add);
      parameters.remove("type");
      assertThat(refusal(tag, "nonsense"))
          .as("the parameters of %s", tag)
          .isEqualTo(
              "the strategy %s has no parameter 'nonsense'; it has %s"
                  .formatted(tag, String.join(", ", parameters)));
    }

    assertThat(refusal("nonsense", "nonsense"))
        .as("all strategies")
        .isEqualTo(
            "the strategy is 'nonsense', but can be %s".formatted(String.join(", ", described)));
    assertThat(schemas.at("/Strategy.beam/properties/width/default").asInt()).isEqualTo(3);
    assertThat(schemas.at("/JobRequest/properties/strategy/oneOf/0/enum")).hasSize(6);
    assertThat(schemas.at("/Settings/properties/strategy/$ref").asText()).endsWith("/Strategy");
  }

  private static String refusal(String tag, String parameter) {
    return Api.post(
            "{\"prompt\":\"x\",\"strategy\":{\"type\":\"%s\",\"%s\":1}}".formatted(tag, parameter))
        .path("detail");
  }

  @Test
  void theExampleOfARequestIsAccepted() throws Exception {
    JsonNode document =
        JsonMapper.builder().build().readTree(given().get("/q/openapi?format=json").asByteArray());
    JsonNode example =
        document.at("/paths/~1v1~1jobs/post/requestBody/content/application~1json/example");

    assertThat(Api.job(Api.submit(example.toString())).getInt("spec.settings.seed")).isEqualTo(7);
  }
}
