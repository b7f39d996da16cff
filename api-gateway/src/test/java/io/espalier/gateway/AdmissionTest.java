package io.espalier.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.espalier.gateway.jobs.Admission;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What may run at a time here: four searches, of 400 images together.
@QuarkusTest
class AdmissionTest {

  @Inject Fleet fleet;
  @Inject Admission admission;

  @BeforeEach
  void begin() {
    fleet.begin();
  }

  private static String run(int images) {
    String id = Api.submitOfSize(images);
    Api.awaitStatus(id, "running");
    return id;
  }

  private void end(String id) {
    fleet.tell(Told.ended(id, 0, "found", ""));
  }

  private List<String> ofJob(String column, String id) {
    return fleet.query(
        "select cast(%s as text) from jobs where id = ?".formatted(column), UUID.fromString(id));
  }

  @Test
  void aJobIsAsLargeAsItsPlan() {
    assertThat(ofJob("size", Api.submitOfSize(17))).containsExactly("17");
    assertThat(ofJob("size", Api.submit())).containsExactly("76");
  }

  @Test
  void aSearchOfAnySizeLeavesRoomForSmallOnesButNotForASecondLikeIt() {
    String huge = run(5_000);
    String second = Api.submitOfSize(5_000);

    String small = run(1);
    assertThat(Api.status(second)).isEqualTo("queued");
    assertThat(Api.status(huge)).isEqualTo("running");
    end(huge);
    Api.awaitStatus(second, "running");
    assertThat(Api.status(small)).isEqualTo("running");
  }

  @Test
  void smallerJobsGoPastOneThatDoesNotFitButDoNotTakeThePlaceThatItWaitsFor() {
    String first = run(150);
    String second = run(150);
    String large = Api.submitOfSize(5_000);
    String small = run(90); // beside the large one's 201 there is room for 199

    end(first);
    String tooMuch = Api.submitOfSize(120);
    run(5);
    assertThat(Api.status(tooMuch)).isEqualTo("queued");
    assertThat(Api.status(large)).isEqualTo("queued");

    end(second);
    Api.awaitStatus(large, "running");
    assertThat(Api.status(tooMuch)).isEqualTo("queued");
    end(small);
    Api.awaitStatus(tooMuch, "running");
  }

  @Test
  void aHigherPriorityGoesFirstWhateverTheSize() {
    String first = run(150);
    String second = run(150);
    String low = Api.submitOfSize(150);
    String high =
        Api.submit(
            """
            {"prompt": "three stars", "priority": 1, "strategy": {"type": "random", "images": 250}}
            """);
    String small = run(5);

    end(first);
    Api.awaitStatus(high, "running");
    assertThat(Api.status(low)).isEqualTo("queued");
    end(second);
    end(small);
    Api.awaitStatus(low, "running");
  }

  @Test
  void gatewaysThatAdmitAtTheSameTimeLetNoMoreRunThanFits() throws Exception {
    fleet.sql(
        """
        insert into jobs (id, request, spec, size, body_digest, created_at)
        select gen_random_uuid(), request, spec, size, body_digest, created_at
        from jobs, generate_series(1, 24) where id = ?
        """,
        UUID.fromString(Api.submitOfSize(80)));
    BackgroundRounds gateway = admission;
    List<Callable<Object>> gateways = Collections.nCopies(6, Executors.callable(gateway::round));
    try (ExecutorService threads = Executors.newFixedThreadPool(gateways.size())) {
      for (int i = 0; i < 5; i++) {
        fleet.sql("update jobs set status = 'found', ended_at = now() where status = 'running'");
        for (Future<Object> round : threads.invokeAll(gateways)) {
          round.get();
        }
        assertThat(fleet.query("select cast(count(*) as text) from jobs where status = 'running'"))
            .containsExactly(Integer.toString(Servers.RUNNING));
      }
    }
  }

  @Test
  void aJobThatCannotBeReadFailsAloneAndSaysWhy() {
    List<String> running = IntStream.range(0, Servers.RUNNING).mapToObj(_ -> run(1)).toList();
    String unreadable = Api.submit();
    String next = Api.submit();
    String spec = ofJob("spec", unreadable).getFirst();
    fleet.sql("update jobs set spec = '{}' where id = ?", UUID.fromString(unreadable));

    running.forEach(this::end);

    Api.awaitStatus(next, "running");
    await().untilAsserted(() -> assertThat(ofJob("status", unreadable)).containsExactly("failed"));
    assertThat(ofJob("reason", unreadable).getFirst()).contains("cannot be read");
    fleet.sql(
        "update jobs set spec = cast(? as json) where id = ?", spec, UUID.fromString(unreadable));
    assertThat(Api.job(unreadable).getString("reason")).contains("submit it again");
    assertThat(fleet.records(unreadable)).isEmpty();
  }
}
