package io.espalier.gateway;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.espalier.artifacts.ArtifactStore;
import io.espalier.beam.Bits;
import io.espalier.beam.Drawing;
import io.espalier.beam.Image;
import io.espalier.beam.Lineage;
import io.espalier.beam.Png;
import io.espalier.contracts.ArtifactKeys;
import io.espalier.contracts.Drawn;
import io.espalier.flow.slice.StoredSlices;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.Response;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class PicturesTest {

  private static final byte[] PICTURE = {1, 2, 3};
  private static final Image SAME = new Image(1, 1, new byte[3]);

  @Inject Fleet fleet;
  @Inject ArtifactStore artifacts;

  private String job = "";
  private Image image = SAME;

  @BeforeEach
  void begin() {
    fleet.begin();
    job = Api.submit();
    Api.awaitStatus(job, "running");
  }

  /// Stores a slice of two candidates, of which the second has an image that no other test has.
  private Drawn slice() {
    return wholeSlice().getLast();
  }

  private List<Drawn> wholeSlice() {
    byte[] rgb = new byte[3 * 8 * 8];
    new Random(job.hashCode()).nextBytes(rgb);
    image = new Image(8, 8, rgb);
    Bits bits = Bits.of(1, 8, new byte[] {7});
    return new StoredSlices(artifacts)
        .put(
            job,
            List.of(
                new Drawing(Lineage.parse("0"), bits, SAME),
                new Drawing(Lineage.parse("1"), bits, image)));
  }

  private Response get(String what) {
    return given().get("/v1/jobs/" + job + what);
  }

  private void end(String status, String reason) {
    fleet.tell(Told.ended(job, 0, status, reason));
    Api.awaitStatus(job, status);
  }

  @Test
  void theAnswersImageIsServedForGood() {
    artifacts.put(ArtifactKeys.resultImage(job), PICTURE, "image/png");
    end("found", "");

    Response image = get("/image");

    assertThat(image.statusCode()).isEqualTo(200);
    assertThat(image.contentType()).isEqualTo("image/png");
    assertThat(image.asByteArray()).isEqualTo(PICTURE);
    assertThat(image.header("Cache-Control")).contains("immutable");
    Response again =
        given().header("If-None-Match", image.header("ETag")).get("/v1/jobs/" + job + "/image");
    assertThat(again.statusCode()).isEqualTo(304);
    assertThat(again.asByteArray()).isEmpty();
  }

  @Test
  void whoHasAnImageGetsNoneAndItIsNotEvenFetched() {
    artifacts.put(ArtifactKeys.resultImage(job), PICTURE, "image/png");
    Drawn drawn = slice();
    fleet.tell(Told.scored(job, 0, "3.1", drawn));
    fleet.tell(Told.ended(job, 1, "found", ""));
    Api.awaitStatus(job, "found");
    String result = get("/image").header("ETag");
    String candidate = get("/candidates/3.1/image").header("ETag");

    artifacts.delete(ArtifactKeys.resultImage(job));
    artifacts.delete(ArtifactKeys.slice(job, drawn.slice()));

    assertThat(ifNoneMatch(result, "/image").statusCode()).isEqualTo(304);
    assertThat(ifNoneMatch(candidate, "/candidates/3.1/image").statusCode()).isEqualTo(304);
    assertThat(ifNoneMatch("\"other\"", "/image").statusCode()).isEqualTo(404);
  }

  private Response ifNoneMatch(String tag, String what) {
    return given().header("If-None-Match", tag).get("/v1/jobs/" + job + what);
  }

  @Test
  void theTreeIsServedAsItIsStored() {
    byte[] tree = "{\"schema\": 1}".getBytes(StandardCharsets.UTF_8);
    artifacts.put(ArtifactKeys.resultTree(job), tree, "application/json");
    end("found", "");

    assertThat(get("/tree").asByteArray()).isEqualTo(tree);
    assertThat(get("/tree").contentType()).startsWith("application/json");
  }

  @Test
  void aRunningJobHasNeitherImageNorTreeYet() {
    Api.assertProblem(get("/image"), 404, "nothing-there", "is running and has no image yet");
    Api.assertProblem(get("/tree"), 404, "nothing-there", "has no tree yet");
  }

  @Test
  void aJobThatEndedWithoutAnImageSaysWhy() {
    end("failed", "no verifier answered");

    Api.assertProblem(
        get("/image"), 404, "nothing-there", "failed without an image: no verifier answered");
  }

  @Test
  void aScoredCandidatesImageIsServed() {
    Drawn drawn = slice();
    fleet.tell(Told.scored(job, 0, "3.1", drawn));
    await().until(() -> get("/candidates/3.1/image").statusCode() == 200);

    Response served = get("/candidates/3.1/image");
    assertThat(served.contentType()).isEqualTo("image/png");
    assertThat(served.header("ETag")).isEqualTo("\"%s\"", drawn.image());
    assertThat(served.asByteArray()).isEqualTo(Png.encode(image));
  }

  @Test
  void everyCandidateThatAnEventTellsOfIsFound() {
    List<Drawn> slice = wholeSlice();
    fleet.tell(
        Told.scored(
            job, 0, Told.image("3.1", slice.getLast()), Told.image("3.2", slice.getFirst())));
    await().until(() -> get("/candidates/3.1/image").statusCode() == 200);

    assertThat(get("/candidates/3.1/image").asByteArray()).isEqualTo(Png.encode(image));
    assertThat(get("/candidates/3.2/image").asByteArray()).isEqualTo(Png.encode(SAME));
  }

  @Test
  void aCarriedCandidateIsTheRolloutThatItCameFrom() {
    fleet.tell(Told.scored(job, 0, "3", slice()));
    await().until(() -> get("/candidates/3/image").statusCode() == 200);

    assertThat(get("/candidates/3.carry.carry/image").asByteArray()).isEqualTo(Png.encode(image));
  }

  @Test
  void aCandidateThatIsNotThereIsAProblem() {
    fleet.tell(Told.scored(job, 0, "0", new Drawn("b", "i", "gone", 0)));
    await()
        .untilAsserted(
            () ->
                Api.assertProblem(
                    get("/candidates/0/image"), 404, "nothing-there", "not in the store"));

    Api.assertProblem(get("/candidates/1/image"), 404, "nothing-there", "no candidate '1'");
    Api.assertProblem(get("/candidates/one/image"), 422, "invalid-search", "'one'");
  }
}
