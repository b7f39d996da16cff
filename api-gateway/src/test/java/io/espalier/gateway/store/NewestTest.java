package io.espalier.gateway.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import org.hibernate.Session;
import org.hibernate.query.NativeQuery;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
class NewestTest {

  @Inject Session session;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aDeepPageEntersTheIndexWhereItBegins(boolean ofStatus) {
    QuarkusTransaction.begin();
    String plan;
    try {
      plan = plan(ofStatus);
    } finally {
      QuarkusTransaction.rollback();
    }

    assertThat(plan)
        .contains(ofStatus ? "jobs_newest_by_status" : "jobs_newest")
        .contains("ROW(created_at, id) < ROW(")
        .doesNotContain("Filter")
        .doesNotContain("Sort");
  }

  /// How Postgres goes about it where there are too many jobs to read them all.
  private String plan(boolean ofStatus) {
    for (String way : new String[] {"seqscan", "bitmapscan", "sort"}) {
      session.createNativeMutationQuery("set local enable_" + way + " = off").executeUpdate();
    }
    if (ofStatus) {
      // With a handful of jobs either index would do, and the statistics decide.
      session.createNativeMutationQuery("drop index jobs_newest").executeUpdate();
    }
    NativeQuery<String> query =
        session.createNativeQuery("explain " + JobStore.newest(ofStatus, true), String.class);
    Map.of("tenant", "default", "limit", 20, "at", Instant.now(), "id", new UUID(1, 2))
        .forEach(query::setParameter);
    if (ofStatus) {
      query.setParameter("status", "found");
    }
    return String.join("\n", query.getResultList());
  }
}
