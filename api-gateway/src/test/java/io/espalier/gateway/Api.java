package io.espalier.gateway;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.restassured.http.ContentType;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;

/// What a client does, in a test's words.
final class Api {

  static final String PROBLEM = "application/problem+json";
  static final String PROMPT = "{\"prompt\": \"a red circle left of a blue square\"}";

  private Api() {}

  static Response post(String body) {
    return given().contentType(ContentType.JSON).body(body).post("/v1/jobs");
  }

  static Response post(String body, String key) {
    return given()
        .contentType(ContentType.JSON)
        .header("Idempotency-Key", key)
        .body(body)
        .post("/v1/jobs");
  }

  /// Asks for a job and gives its id.
  static String submit(String body) {
    Response response = post(body);
    assertThat(response.statusCode()).as(response.asString()).isEqualTo(202);
    return response.path("id");
  }

  static String submit() {
    return submit(PROMPT);
  }

  static String submit(int priority) {
    return submit("{\"prompt\": \"three stars\", \"priority\": %d}".formatted(priority));
  }

  /// Asks for a search that computes as much as a number of images.
  static String submitOfSize(int images) {
    return submit(
        "{\"prompt\": \"three stars\", \"strategy\": {\"type\": \"random\", \"images\": %d}}"
            .formatted(images));
  }

  static JsonPath job(String id) {
    Response response = given().get("/v1/jobs/" + id);
    assertThat(response.statusCode()).as(response.asString()).isEqualTo(200);
    return response.jsonPath();
  }

  static String status(String id) {
    return job(id).getString("status");
  }

  static void awaitStatus(String id, String status) {
    await().untilAsserted(() -> assertThat(status(id)).isEqualTo(status));
  }

  static Response cancel(String id) {
    return given().post("/v1/jobs/" + id + "/cancel");
  }

  /// A problem, whole and of a kind.
  static void assertProblem(Response response, int status, String kind, String words) {
    assertThat(response.statusCode()).as(response.asString()).isEqualTo(status);
    assertThat(response.contentType()).startsWith(PROBLEM);
    JsonPath problem = response.jsonPath();
    assertThat(problem.getString("type")).isEqualTo("urn:espalier:problem:" + kind);
    assertThat(problem.getInt("status")).isEqualTo(status);
    assertThat(problem.getString("title")).isNotBlank();
    assertThat(problem.getString("detail")).contains(words);
  }
}
