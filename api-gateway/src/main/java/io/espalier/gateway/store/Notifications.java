package io.espalier.gateway.store;

import io.agroal.api.AgroalDataSource;
import io.espalier.flow.LastingThread;
import io.espalier.gateway.Background;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What gateways tell each other, over Postgres' LISTEN and NOTIFY: every listener of every
/// gateway hears of it soon after the teller's transaction has committed. One connection of each
/// gateway listens, on a thread of its own. A notification can be lost while that connection is:
/// listeners are called once it is back, and look by themselves now and then.
@Singleton
public final class Notifications implements Background {

  /// What can be told.
  public enum Channel {
    /// A job has new events; the payload is its id.
    EVENTS("espalier_events"),
    /// A job was queued, or one that ran has ended.
    QUEUE("espalier_queue"),
    /// There is a record to send.
    OUTBOX("espalier_outbox");

    private final String wire;

    Channel(String wire) {
      this.wire = wire;
    }

    /// What `pg_notify` calls it. A statement that changes what others wait for also tells them.
    String wire() {
      return wire;
    }
  }

  /// In place of a payload: anything may have happened.
  public static final String ANYTHING = "";

  private static final Logger LOG = LoggerFactory.getLogger(Notifications.class);
  private static final int POLL_MILLIS = 500;

  private final AgroalDataSource dataSource;
  private final Map<String, List<Consumer<String>>> listeners = new ConcurrentHashMap<>();
  private final LastingThread reader = new LastingThread("notifications", this::read);

  Notifications(AgroalDataSource dataSource) {
    this.dataSource = dataSource;
    Arrays.stream(Channel.values())
        .forEach(channel -> listeners.put(channel.wire, new CopyOnWriteArrayList<>()));
  }

  /// Calls a listener with every payload. It is called on the listening thread, so it must not
  /// block.
  public void on(Channel channel, Consumer<String> listener) {
    of(channel.wire).add(listener);
  }

  public void start() {
    reader.start();
  }

  @Override
  public String name() {
    return "notifications";
  }

  @Override
  public boolean healthy() {
    return reader.healthy();
  }

  private void read() {
    try (Connection connection = dataSource.getConnection();
        Statement statement = connection.createStatement()) {
      try {
        listen(connection, statement);
      } finally {
        // The connection goes back to the pool, and no later user empties its notifications.
        statement.execute("UNLISTEN *");
      }
    } catch (SQLException e) {
      LOG.warn("notifications cannot be heard at the moment: {}", e.getMessage());
      reader.pause();
    }
  }

  private void listen(Connection connection, Statement statement) throws SQLException {
    for (Channel channel : Channel.values()) {
      statement.execute("LISTEN " + channel.wire);
    }
    listeners.values().stream().flatMap(Collection::stream).forEach(each -> each.accept(ANYTHING));
    PGConnection postgres = connection.unwrap(PGConnection.class);
    while (!reader.stopping()) {
      PGNotification[] told = postgres.getNotifications(POLL_MILLIS);
      if (told != null) {
        for (PGNotification each : told) {
          of(each.getName()).forEach(listener -> listener.accept(each.getParameter()));
        }
      }
    }
  }

  private List<Consumer<String>> of(String wire) {
    return listeners.getOrDefault(wire, List.of());
  }

  /// Hears no more; the connection is back in its pool when this returns.
  public void stop() {
    // It looks at its connection, and at this, twice a second.
    reader.stop(() -> {});
  }
}
