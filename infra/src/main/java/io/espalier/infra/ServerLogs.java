package io.espalier.infra;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Level;
import java.util.logging.Logger;

/// Quiet servers: warnings and worse, unless the application itself sets another level.
///
/// The servers log through slf4j, which can set no level. `java.util.logging` can, and does it
/// for slf4j's own binding to it as for JBoss LogManager, which Quarkus runs on. With any other
/// binding, the names given here are for its configuration.
final class ServerLogs {

  /// Loggers are held weakly elsewhere, and a level goes with its logger.
  private static final List<Logger> QUIET = new CopyOnWriteArrayList<>();

  private ServerLogs() {}

  static void quiet(String... names) {
    for (String name : names) {
      Logger logger = Logger.getLogger(name);
      if (logger.getLevel() == null) {
        logger.setLevel(Level.WARNING);
        QUIET.add(logger);
      }
    }
  }
}
