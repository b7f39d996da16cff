package io.espalier.gateway;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.restassured.RestAssured;
import io.restassured.http.ContentType;
import jakarta.inject.Inject;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@QuarkusTest
class BadRequestsTest {

  @Inject Fleet fleet;

  @BeforeEach
  void begin() {
    fleet.begin();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"prompt":                                          | not-json      | line 1
          {"prompt":"x"} {}                                   | not-json      | object such as
          {"prompt":"x","prompt":"y"}                         | not-json      | 'prompt'
          []                                                  | wrong-type    | must be an object
          "x"                                                 | wrong-type    | must be an object
          {"prompt":"x","widht":3}                            | unknown-field | no field 'widht'
          {"prompt":"x","base":{"jobId":"a","candidate":"0","x":1}} | unknown-field | 'base.x'
          {"prompt":5}                                        | wrong-type    | must be a string
          {"prompt":"x","width":"three"}                      | wrong-type    | must be a whole number
          {"prompt":"x","width":"3"}                          | wrong-type    | 'width' is "3"
          {"prompt":"x","width":2.5}                          | wrong-type    | must be a whole number
          {"prompt":"x","width":99999999999}                  | wrong-type    | 'width'
          {"prompt":"x","carry":"yes"}                        | wrong-type    | true or false
          {"prompt":"x","targetScore":"high"}                 | wrong-type    | must be a number
          {"prompt":"x","verifiers":["clip"]}                 | wrong-type    | names and weights
          {"prompt":"x","verifiers":{"clip":null}}            | wrong-type    | 'verifiers'
          {"prompt":"x","guidance":[null]}                    | wrong-type    | 'guidance'
          {"prompt":"x","guidance":"strong"}                  | wrong-type    | 'guidance
          {"prompt":"x","base":{"jobId":"a"}}                 | wrong-type    | 'candidate'
          {"prompt":"x","base":"a"}                           | wrong-type    | 'base'
          """)
  void aBodyThatIsNoRequestIsRefused(String body, String kind, String words) {
    Api.assertProblem(Api.post(body), 400, kind, words);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {}                                                  | the prompt is empty
          {"prompt":"  "}                                     | the prompt is empty
          {"prompt":"a\\u0000b"}                              | no text
          {"prompt":"a\\ud800b"}                              | no text
          {"prompt":"x","bundle":"infinity-8b"}               | served are: shapes-infinity
          {"prompt":"x","bundle":"clip"}                      | nobody serves the generator 'clip'
          {"prompt":"x","verifiers":{"beauty":1}}             | served are: aesthetic, clip, image-reward, vlm
          {"prompt":"x","verifiers":{}}                       | at least one verifier
          {"prompt":"x","verifiers":{"clip":-1}}              | a positive number
          {"prompt":"x","depth":8}                            | last scale, 7
          {"prompt":"x","depth":"deep"}                       | full, prefix or
          {"prompt":"x","width":-1}                           | width is -1
          {"prompt":"x","branches":0}                         | branches is 0
          {"prompt":"x","strategy":"random","images":-3}      | images is -3
          {"prompt":"x","strategy":"dfs"}                     | random, greedy or beam
          {"prompt":"x","width":1000,"branches":1000}         | at most 10000
          {"prompt":"x","maxNfe":-5}                          | must be positive
          {"prompt":"x","maxNfe":3}                           | one image takes 7
          {"prompt":"x","targetScore":1e999}                  | finite
          {"prompt":"x","deadlineSeconds":-1}                 | a positive number of seconds
          {"prompt":"x","deadlineSeconds":1e12}               | at most 10⁹
          {"prompt":"x","temperature":0}                      | must be positive
          {"prompt":"x","topP":[0.5,0.5]}                     | the generator has 7 scales
          {"prompt":"x","base":{"jobId":"a","candidate":"0"}} | there is none
          """)
  void aSearchThatCannotBeRunIsRefused(String body, String words) {
    Api.assertProblem(Api.post(body), 422, "invalid-search", words);
  }

  @Test
  void aPromptThatIsTooLongIsRefused() {
    Api.assertProblem(
        Api.post("{\"prompt\": \"%s\"}".formatted("x".repeat(401))),
        422,
        "invalid-search",
        "takes at most 400");
  }

  @Test
  void anEmptyBodyIsRefused() {
    Api.assertProblem(Api.post(""), 400, "not-json", "the body is empty");
  }

  @Test
  void bytesThatAreNoTextAreRefused() {
    byte[] body = {'{', '"', (byte) 0xff, '"', '}'};
    Api.assertProblem(
        given().contentType(ContentType.JSON).body(body).post("/v1/jobs"),
        400,
        "not-json",
        "not JSON");
  }

  @Test
  void aBodyThatIsTooLargeIsRefused() {
    Api.assertProblem(
        Api.post("{\"prompt\": \"%s\"}".formatted("x".repeat(100_000))),
        413,
        "body-too-large",
        "65536 bytes");
  }

  @Test
  void aBodyThatIsNotEvenReadIsRefused() throws Exception {
    try (Socket socket = new Socket("localhost", RestAssured.port)) {
      String head = "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000000\r\n\r\n";
      socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);

      assertThat(answer)
          .startsWith("HTTP/1.1 413")
          .contains(Api.PROBLEM)
          .contains("urn:espalier:problem:body-too-large")
          .contains("20000000 bytes");
    }
  }

  @Test
  void aBodyOfAnotherKindIsRefused() {
    Api.assertProblem(
        given().contentType("text/plain").body("a red circle").post("/v1/jobs"),
        415,
        "unsupported-media-type",
        "application/json");
  }

  @Test
  void anAnswerOfAnotherKindIsRefused() {
    Api.assertProblem(
        given().accept("text/html").get("/v1/jobs"), 406, "not-acceptable", "text/html");
  }

  @Test
  void anUnknownRouteIsAProblem() {
    Api.assertProblem(given().get("/v1/pictures"), 404, "unknown-route", "/v1/pictures");
    Api.assertProblem(given().get("/v1/jobs/a/b/c"), 404, "unknown-route", "/v1/jobs/a/b/c");
  }

  @Test
  void aMethodThatIsNotServedIsAProblem() {
    Api.assertProblem(given().put("/v1/jobs"), 405, "method-not-allowed", "PUT is not served");
    Api.assertProblem(given().delete("/v1/bundles"), 405, "method-not-allowed", "/v1/bundles");
    Api.assertProblem(
        given().post("/v1/jobs/6f1f7a52-6a0e-4c0b-9a3e-0d5c2b8e4f10/events"),
        405,
        "method-not-allowed",
        "POST");
  }

  @Test
  void parametersThatMakeNoSenseAreProblems() {
    Api.assertProblem(given().get("/v1/jobs?limit=many"), 400, "bad-parameter", "'many'");
    Api.assertProblem(given().get("/v1/jobs?limit=0"), 400, "bad-parameter", "from 1 to 100");
    Api.assertProblem(given().get("/v1/jobs?limit=101"), 400, "bad-parameter", "from 1 to 100");
    Api.assertProblem(given().get("/v1/jobs?status=done"), 400, "bad-parameter", "queued, running");
    Api.assertProblem(given().get("/v1/jobs?cursor=abc"), 400, "bad-parameter", "'abc'");
    Api.assertProblem(
        given().header("Last-Event-ID", "x").get("/v1/jobs/%s/events".formatted(Api.submit())),
        400,
        "bad-parameter",
        "Last-Event-ID");
  }
}
