package io.espalier.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.espalier.contracts.JobRecord;
import io.espalier.flow.Records;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.Response;
import jakarta.inject.Inject;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class QueueTest {

  @Inject Fleet fleet;

  @BeforeEach
  void begin() {
    fleet.begin();
  }

  /// As many running jobs as may run.
  private List<String> fill() {
    List<String> running = IntStream.range(0, Servers.RUNNING).mapToObj(_ -> Api.submit()).toList();
    running.forEach(id -> Api.awaitStatus(id, "running"));
    return running;
  }

  private void end(String id) {
    fleet.tell(Told.ended(id, 0, "found", ""));
  }

  @Test
  void onlySoManyJobsRunAndTheNextRunsWhenOneEnds() {
    List<String> running = fill();
    String waiting = Api.submit();
    String last = Api.submit();

    assertThat(Api.status(waiting)).isEqualTo("queued");
    end(running.getFirst());
    Api.awaitStatus(waiting, "running");
    assertThat(Api.status(last)).isEqualTo("queued");
    assertThat(fleet.submitted()).contains(waiting).doesNotContain(last);
  }

  @Test
  void theHighestPriorityRunsFirstAndThenTheOldest() {
    List<String> running = fill();
    String low = Api.submit(-1);
    String first = Api.submit(5);
    String second = Api.submit(5);

    end(running.get(0));
    Api.awaitStatus(first, "running");
    assertThat(Api.status(second)).isEqualTo("queued");
    end(running.get(1));
    Api.awaitStatus(second, "running");
    assertThat(Api.status(low)).isEqualTo("queued");
    end(first);
    Api.awaitStatus(low, "running");
  }

  @Test
  void aQueuedJobThatIsCancelledEndsAtOnceAndIsNeverSubmitted() {
    List<String> running = fill();
    String queued = Api.submit();

    Response response = Api.cancel(queued);

    assertThat(response.statusCode()).isEqualTo(202);
    assertThat(response.<Boolean>path("changed")).isTrue();
    assertThat(response.<String>path("job.status")).isEqualTo("cancelled");
    assertThat(response.<String>path("job.result.status")).isEqualTo("cancelled");
    running.forEach(this::end);
    String later = Api.submit();
    fleet.awaitSubmitted(later);
    assertThat(fleet.records(queued)).isEmpty();
  }

  @Test
  void aRunningJobThatIsCancelledIsAskedToStopOnce() {
    String id = Api.submit();
    Api.awaitStatus(id, "running");

    Response response = Api.cancel(id);
    assertThat(response.statusCode()).isEqualTo(202);
    assertThat(response.<String>path("job.status")).isEqualTo("running");
    assertThat(response.<Boolean>path("job.cancelRequested")).isTrue();
    assertThat(Api.cancel(id).<Boolean>path("changed")).isTrue();

    await().untilAsserted(() -> assertThat(fleet.records(id)).hasSize(2));
    assertThat(fleet.records(id).getFirst()).isInstanceOf(JobRecord.Submitted.class);
    assertThat(fleet.records(id).getLast()).isEqualTo(new JobRecord.Cancelled(id));
    fleet.tell(Told.ended(id, 0, "cancelled", "it was cancelled"));
    Api.awaitStatus(id, "cancelled");
    String later = Api.submit();
    fleet.awaitSubmitted(later);
    assertThat(fleet.records(id)).hasSize(2);
  }

  @Test
  void cancellingAnEndedJobChangesNothingAndSaysSo() {
    String id = Api.submit();
    Api.awaitStatus(id, "running");
    end(id);
    Api.awaitStatus(id, "found");

    Response response = Api.cancel(id);

    assertThat(response.statusCode()).isEqualTo(202);
    assertThat(response.<Boolean>path("changed")).isFalse();
    assertThat(response.<String>path("message")).contains("already ended as found");
    assertThat(response.<String>path("job.status")).isEqualTo("found");
    assertThat(fleet.records(id)).hasSize(1);
  }

  @Test
  void aJobWhoseDeadlinePassesInTheQueueExpiresThere() {
    List<String> running = fill();
    String late = Api.submit("{\"prompt\": \"three stars\", \"deadlineSeconds\": 0.5}");

    Api.awaitStatus(late, "expired");

    assertThat(Api.job(late).getString("reason")).contains("queue");
    running.forEach(this::end);
    String later = Api.submit();
    fleet.awaitSubmitted(later);
    assertThat(fleet.records(late)).isEmpty();
  }

  @Test
  void aSubmissionIsSentAgainAfterACrashBetweenSendingAndForgettingIt() {
    String id = Api.submit();
    fleet.awaitSubmitted(id);
    JobRecord sent = fleet.records(id).getFirst();

    fleet.sql(
        "insert into outbox (job_id, topic, key, payload) values (?, 'search.jobs', ?, ?)",
        UUID.fromString(id),
        id,
        Records.write(sent));

    await().untilAsserted(() -> assertThat(fleet.records(id)).containsExactly(sent, sent));
    await().until(() -> fleet.sql("delete from outbox where key = ?", id) == 0);
    assertThat(Api.status(id)).isEqualTo("running");
  }

  @Test
  void recordsOfOneJobKeepTheirOrder() {
    String id = Api.submit();
    fleet.awaitSubmitted(id);
    JobRecord sent = fleet.records(id).getFirst();
    String insert =
        "insert into outbox (job_id, topic, key, payload) values (?, 'search.jobs', ?, ?)";
    byte[] again = Records.write(sent);
    byte[] cancel = Records.write(new JobRecord.Cancelled(id));

    fleet.sql(
        insert + ", (?, 'search.jobs', ?, ?)",
        UUID.fromString(id),
        id,
        again,
        UUID.fromString(id),
        id,
        cancel);

    await()
        .untilAsserted(
            () ->
                assertThat(fleet.records(id))
                    .containsExactly(sent, sent, new JobRecord.Cancelled(id)));
  }
}
