package io.espalier.infra;

import io.espalier.infra.InfraException.StartFailed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A real Postgres 18 beside this process, with one database, `espalier`.
///
/// It listens on 127.0.0.1 and asks for the password. What it committed is on the disk: it
/// survives the process, however that ends, and the machine. A server that outlived a killed
/// process is stopped before the next one starts. Thread-safe.
public final class EmbeddedPostgres implements EmbeddedServer {

  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedPostgres.class);
  private static final String DATABASE = "espalier";
  private static final String USER = "postgres";

  private final PostgresPrograms programs;
  private final Path data;
  private final int port;
  private final String password;
  private final AtomicBoolean closed = new AtomicBoolean();

  private EmbeddedPostgres(PostgresPrograms programs, Path data, int port, String password) {
    this.programs = programs;
    this.data = data;
    this.port = port;
    this.password = password;
  }

  /// Starts a server that keeps its state in a folder, and returns when it serves.
  ///
  /// @param port 0 for that of the last start in this folder, or any
  /// @throws InfraException where it cannot start
  public static EmbeddedPostgres start(Path folder, int port) {
    ServerFolder home = ServerFolder.open("Postgres", folder);
    String password = home.password();
    try {
      PostgresPrograms programs =
          PostgresPrograms.unpack(home.path(), home.path().resolve("postgres.log"));
      if (!Files.exists(home.data())) {
        ServerFolder.make(home.data(), draft -> initialise(programs, draft, home.passwordFile()));
      }
      stopLeftOver(programs, home.data());
      int listener = home.port(port);
      launch(programs, home.data(), listener);
      return new EmbeddedPostgres(programs, home.data(), listener, password);
    } catch (IOException e) {
      throw new StartFailed(
          "Postgres did not start in %s: %s; see postgres.log there".formatted(folder, e), e);
    }
  }

  private static void initialise(PostgresPrograms programs, Path data, Path password)
      throws IOException {
    programs.run(
        "initdb",
        "--pgdata=" + data,
        "--username=" + USER,
        "--pwfile=" + password,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        // Text sorts the same on every machine.
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8");
    Path statement = data.resolve("create.sql");
    Files.writeString(statement, "CREATE DATABASE " + DATABASE);
    programs.run(statement, "postgres", "--single", "-D", data, "postgres");
    Files.delete(statement);
  }

  private static void launch(PostgresPrograms programs, Path data, int port) throws IOException {
    String settings =
        "-p %d -c listen_addresses=%s -c unix_socket_directories="
            .formatted(port, ServerFolder.HOST.getHostAddress());
    programs.run("pg_ctl", "-D", data, "-o", settings, "-w", "start");
  }

  /// A killed process leaves its Postgres running, which would keep the port and the folder.
  private static void stopLeftOver(PostgresPrograms programs, Path data) throws IOException {
    Path file = data.resolve("postmaster.pid");
    if (!Files.exists(file)) {
      return;
    }
    long pid = Long.parseLong(Files.readAllLines(file).getFirst().strip());
    Optional<ProcessHandle> process = ProcessHandle.of(pid);
    if (process.isEmpty()) {
      return; // Postgres tells by itself that this one has ended.
    }
    if (process.get().info().commandLine().orElse("").contains(data.toString())) {
      LOG.warn("Stopping the Postgres (process {}) that a killed process left in {}", pid, data);
      stop(programs, data);
    } else {
      // The number has gone to another program since, which Postgres would take for a server.
      Files.delete(file);
    }
  }

  private static void stop(PostgresPrograms programs, Path data) throws IOException {
    programs.run("pg_ctl", "-D", data, "-m", "fast", "-w", "stop");
  }

  public String jdbcUrl() {
    return "jdbc:postgresql://%s:%d/%s"
        .formatted(ServerFolder.HOST.getHostAddress(), port, DATABASE);
  }

  public String user() {
    return USER;
  }

  public String password() {
    return password;
  }

  /// Stops it in good order; open transactions are rolled back.
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    try {
      stop(programs, data);
    } catch (IOException | StartFailed e) {
      LOG.warn("Postgres in {} did not stop; the next start there stops it", data, e);
    }
  }
}
