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
          {"prompt":"x","width":3}                            | unknown-field | no field 'width'
          {"prompt":"x","strategy":5}                         | wrong-type    | 'strategy' is 5, but must be a word
          {"prompt":"x","strategy":["beam"]}                  | wrong-type    | 'strategy' is ["beam"]
          {"prompt":"x","strategy":true}                      | wrong-type    | 'strategy' is true
          {"prompt":"x","strategy":{}}                        | wrong-type    | 'strategy' has no 'type'
          {"prompt":"x","strategy":{"width":3}}               | wrong-type    | 'strategy' has no 'type'
          {"prompt":"x","strategy":{"type":5}}                | wrong-type    | 'strategy.type' is 5
          {"prompt":"x","strategy":{"type":null}}             | wrong-type    | 'strategy.type' is null
          {"prompt":"x","strategy":{"type":"beam","width":null}}   | wrong-type | 'strategy.width' is null
          {"prompt":"x","strategy":{"type":"beam","width":[null]}} | wrong-type | 'strategy.width' is [null]
          {"prompt":"x","strategy":{"type":"beam","width":[[3]]}}  | wrong-type | 'strategy.width' is [[3]]
          {"prompt":"x","strategy":{"type":"beam","width":{"a":1}}} | wrong-type | 'strategy.width' is {"a":1}
          {"prompt":"x","strategy":{"type":"beam","width":true}}   | wrong-type | 'strategy.width' is true
          {"prompt":"x","strategy":{"type":"beam","width":"3"}}    | wrong-type | 'strategy.width' is "3", but must be a number
          {"prompt":"x","strategy":{"type":"beam","width":["3"]}}  | wrong-type | 'strategy.width' is ["3"]
          {"prompt":"x","strategy":{"type":"beam","features":"a\\u0000b"}} | wrong-type | 'strategy.features'
          {"prompt":"x","strategy":{"type":"beam","features":"a\\ud800b"}} | wrong-type | 'strategy.features'
          {"prompt":"x","strategy":{"type":"beam","type":"smc"}}   | not-json   | 'type'
          {"prompt":"x","tiers":["vlm"]}                      | wrong-type    | how many candidates each sees
          {"prompt":"x","tiers":{"vlm":"five"}}               | wrong-type    | 'tiers.vlm
          {"prompt":"x","tiers":{"vlm":2.5}}                  | wrong-type    | 'tiers.vlm
          {"prompt":"x","tiers":{"vlm":[null]}}               | wrong-type    | 'tiers' holds a null
          {"prompt":"x","confidence":"high"}                  | wrong-type    | must be a number
          {"prompt":"x","calibration":[[0,null]]}             | wrong-type    | 'calibration' holds a null
          {"prompt":"x","calibration":[["a",1]]}              | wrong-type    | 'calibration
          {"prompt":"x","seed":2.5}                           | wrong-type    | must be a whole number
          {"prompt":"x","seed":"7"}                           | wrong-type    | 'seed' is "7"
          {"prompt":"x","priority":99999999999}               | wrong-type    | 'priority'
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
          "dfs"                                    | the strategy is 'dfs', but can be random, greedy, beam, smc,
          ""                                       | the strategy is ''
          "beam:width=3"                           | the strategy is 'beam:width=3'
          {"type":"beam","widht":3}                | the strategy beam has no parameter 'widht'; it has width, branches,
          {"type":"greedy","width":3}              | the strategy greedy has no parameter 'width'
          {"type":"beam","width":-1}               | width is -1
          {"type":"beam","branches":0}             | branches is 0
          {"type":"beam","width":[3,0]}            | width is [3, 0]
          {"type":"beam","width":[]}               | give one value at least
          {"type":"beam","width":2.5}              | width of the strategy beam is '2.5', but must be a whole number
          {"type":"beam","width":99999999999}      | width of the strategy beam is '99999999999'
          {"type":"beam","width":1e999}            | width of the strategy beam
          {"type":"beam","width":"NaN"}            | width of the strategy beam is 'NaN', but must be a number
          {"type":"beam","width":"three"}          | width of the strategy beam is 'three', but must be a number
          {"type":"beam","spread":[0]}             | scales are counted from 1
          {"type":"random","images":-3}            | images is -3
          {"type":"smc","lambda":-1}               | lambda is -1.0
          {"type":"smc","lambda":"NaN"}            | lambda of the strategy smc is 'NaN'
          {"type":"smc","lambda":1e999}            | lambda of the strategy smc is 'Infinity'
          {"type":"smc","potential":"luck"}        | potential of the strategy smc is 'luck', but must be value, max,
          {"type":"threshold","wave":0}            | wave is 0
          {"type":"backtracking","rounds":-1}      | rounds is -1
          """)
  void aStrategyThatMakesNoSenseIsRefused(String strategy, String words) {
    Api.assertProblem(
        Api.post("{\"prompt\":\"x\",\"strategy\":%s}".formatted(strategy)),
        400,
        "bad-strategy",
        words);
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
          {"prompt":"x","depth":"3/deep"}                     | full, prefix or
          {"prompt":"x","strategy":{"type":"beam","width":1000,"branches":1000}}  | at most 10000
          {"prompt":"x","strategy":{"type":"smc","particles":2147483647}}         | at most 10000
          {"prompt":"x","strategy":{"type":"backtracking","rounds":2147483647}}   | at most 10000
          {"prompt":"x","tiers":{"beauty":5}}                 | tiers names beauty
          {"prompt":"x","tiers":{"vlm":-5}}                   | not negative
          {"prompt":"x","tiers":{"vlm":[]}}                   | give one value at least
          {"prompt":"x","verifiers":{"vlm":1},"tiers":{"vlm":5}} | one of them has to see all
          {"prompt":"x","confidence":0.9}                     | confidence needs a calibration
          {"prompt":"x","confidence":2,"calibration":[[0,0.5]]}     | a probability above 0
          {"prompt":"x","confidence":0.9,"calibration":[[0]]}       | has 1 numbers
          {"prompt":"x","confidence":0.9,"calibration":[[1,0.5],[0,0.6]]} | must rise
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
