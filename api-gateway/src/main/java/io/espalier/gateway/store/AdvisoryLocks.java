package io.espalier.gateway.store;

import jakarta.inject.Singleton;
import org.hibernate.Session;

/// Locks that one transaction of all gateways holds at a time, until it ends. They are Postgres'
/// advisory locks: a gateway that dies lets go of them.
@Singleton
public final class AdvisoryLocks {

  /// What is done by one at a time.
  public enum Work {
    ADMISSION(0x6573_7061_6c69_0001L);

    private final long key;

    Work(long key) {
      this.key = key;
    }
  }

  private final Session session;

  AdvisoryLocks(Session session) {
    this.session = session;
  }

  /// Waits until the calling transaction has the lock.
  public void hold(Work work) {
    // The function returns void, for which Java has no type.
    session
        .createNativeQuery("select cast(pg_advisory_xact_lock(:key) as text)", String.class)
        .setParameter("key", work.key)
        .getResultList();
  }
}
