package io.espalier.gateway.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.util.UUID;
import org.hibernate.Session;
import org.junit.jupiter.api.Test;

@QuarkusTest
class ScoredTest {

  @Inject Session session;

  @Test
  void aCandidateOfAHugeSearchIsFoundByItsLineage() {
    QuarkusTransaction.begin();
    String plan;
    try {
      for (String way : new String[] {"seqscan", "bitmapscan"}) {
        session.createNativeMutationQuery("set local enable_" + way + " = off").executeUpdate();
      }
      plan =
          String.join(
              "\n",
              session
                  .createNativeQuery("explain " + EventStore.SCORED, String.class)
                  .setParameter("job", new UUID(1, 2))
                  .setParameter("lineage", "3.1")
                  .getResultList());
    } finally {
      QuarkusTransaction.rollback();
    }

    assertThat(plan)
        .containsPattern(
            "candidates_pkey[^\\n]*\\n\\s+Index Cond: [^\\n]*job_id = [^\\n]*lineage = ")
        .containsPattern("events_pkey[^\\n]*\\n\\s+Index Cond: [^\\n]*job_id = [^\\n]*sequence = ")
        .doesNotContain("Filter");
  }
}
