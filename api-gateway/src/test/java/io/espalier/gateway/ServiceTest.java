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
  void theExampleOfARequestIsAccepted() throws Exception {
    JsonNode document =
        JsonMapper.builder().build().readTree(given().get("/q/openapi?format=json").asByteArray());
    JsonNode example =
        document.at("/paths/~1v1~1jobs/post/requestBody/content/application~1json/example");

    assertThat(Api.job(Api.submit(example.toString())).getInt("spec.settings.seed")).isEqualTo(7);
  }
}
