package io.espalier.standalone;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/// The statements that an embedded Postgres carries out for others while this is open, by their
/// first lines. The beginnings and ends of transactions are not among them.
final class Statements implements AutoCloseable {

  private static final Pattern STATEMENT =
      Pattern.compile("LOG: {2}(?:statement|execute [^:]+): (?!BEGIN|COMMIT|ROLLBACK)(.*)");

  private final Path log;
  private final Connection connection;
  private long from;

  /// @param folder of the server, with its log, its port and its password
  Statements(Path folder) throws IOException, SQLException {
    log = folder.resolve("postgres.log");
    connection =
        DriverManager.getConnection(
            "jdbc:postgresql://127.0.0.1:%s/espalier"
                .formatted(Files.readString(folder.resolve("port"))),
            "postgres",
            Files.readString(folder.resolve("password")));
    try (Statement statement = connection.createStatement()) {
      statement.execute("set log_statement = 'none'");
      statement.execute("alter system set log_statement = 'all'");
      statement.execute("select pg_reload_conf()");
    }
  }

  /// Forgets all so far.
  void begin() throws IOException {
    from = Files.size(log);
  }

  /// All since the beginning.
  List<String> seen() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
      byte[] bytes = new byte[(int) (file.length() - from)];
      file.seek(from);
      file.readFully(bytes);
      return STATEMENT
          .matcher(new String(bytes, StandardCharsets.UTF_8))
          .results()
          .map((MatchResult found) -> found.group(1).strip())
          .toList();
    }
  }

  @Override
  public void close() throws SQLException {
    try (connection;
        Statement statement = connection.createStatement()) {
      statement.execute("alter system reset log_statement");
      statement.execute("select pg_reload_conf()");
    }
  }
}
