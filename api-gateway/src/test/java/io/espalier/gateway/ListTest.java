package io.espalier.gateway;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.junit.QuarkusTest;
import io.restassured.path.json.JsonPath;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class ListTest {

  @Inject Fleet fleet;

  @BeforeEach
  void begin() {
    fleet.begin();
  }

  private static JsonPath list(int limit, @Nullable String cursor) {
    return given()
        .queryParam("limit", limit)
        .queryParams(cursor == null ? Map.of() : Map.of("cursor", cursor))
        .get("/v1/jobs")
        .jsonPath();
  }

  @Test
  void pagesFollowEachOtherNewestFirst() {
    List<String> submitted = IntStream.range(0, 5).mapToObj(_ -> Api.submit()).toList();

    List<String> listed = new ArrayList<>();
    JsonPath page = list(2, null);
    listed.addAll(page.getList("jobs.id", String.class));
    while (page.getString("next") != null) {
      assertThat(page.getList("jobs")).hasSize(2);
      page = list(2, page.getString("next"));
      listed.addAll(page.getList("jobs.id", String.class));
    }

    assertThat(listed).isEqualTo(submitted.reversed());
  }

  @Test
  void newJobsDoNotDisturbAPageThatIsReadLater() {
    List<String> submitted = IntStream.range(0, 4).mapToObj(_ -> Api.submit()).toList();
    String next = list(2, null).getString("next");

    Api.submit();

    assertThat(list(2, next).getList("jobs.id", String.class))
        .containsExactly(submitted.get(1), submitted.get(0));
  }

  @Test
  void aStatusSelectsJobs() {
    String ended = Api.submit();
    Api.awaitStatus(ended, "running");
    fleet.tell(Told.ended(ended, 0, "found", ""));
    Api.awaitStatus(ended, "found");
    Api.submit();

    assertThat(given().get("/v1/jobs?status=found").jsonPath().getList("jobs.id", String.class))
        .containsExactly(ended);
    assertThat(given().get("/v1/jobs?status=expired").jsonPath().getList("jobs")).isEmpty();
  }

  @Test
  void aCursorThatWasTamperedWithIsRefused() {
    Api.submit();
    Api.submit();
    String next = list(1, null).getString("next");
    char last = next.charAt(20) == 'A' ? 'B' : 'A';
    String other = next.substring(0, 20) + last + next.substring(21);

    Api.assertProblem(
        given().queryParam("cursor", other).get("/v1/jobs"), 400, "bad-parameter", "'next'");
  }
}
