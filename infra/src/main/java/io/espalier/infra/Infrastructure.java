package io.espalier.infra;

import io.espalier.infra.InfraException.StartFailed;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Future.State;
import java.util.concurrent.atomic.AtomicBoolean;

/// Kafka, Postgres and S3 over one data folder, which one process holds at a time. All their
/// state, passwords included, is in that folder and outlives the process, however it ends.
/// Thread-safe.
public final class Infrastructure implements AutoCloseable {

  private final DataFolder folder;
  private final EmbeddedKafka kafka;
  private final EmbeddedPostgres postgres;
  private final EmbeddedS3 s3;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Infrastructure(
      DataFolder folder, EmbeddedKafka kafka, EmbeddedPostgres postgres, EmbeddedS3 s3) {
    this.folder = folder;
    this.kafka = kafka;
    this.postgres = postgres;
    this.s3 = s3;
  }

  /// Starts all three at once, and returns when all of them serve. Where one cannot start, none
  /// is left running.
  ///
  /// @param data made where it does not exist
  /// @throws InfraException that of the first server that did not start, the others' suppressed
  public static Infrastructure start(Path data, Ports ports) {
    DataFolder folder = DataFolder.hold(data);
    Future<EmbeddedKafka> kafka;
    Future<EmbeddedPostgres> postgres;
    Future<EmbeddedS3> s3;
    try (ExecutorService starts =
        Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
      kafka = starts.submit(() -> EmbeddedKafka.start(folder.server("kafka"), ports.kafka()));
      postgres =
          starts.submit(() -> EmbeddedPostgres.start(folder.server("postgres"), ports.postgres()));
      s3 = starts.submit(() -> EmbeddedS3.start(folder.server("s3"), ports.s3()));
    }
    List<Future<? extends EmbeddedServer>> servers = List.of(kafka, postgres, s3);
    if (servers.stream().allMatch(server -> server.state() == State.SUCCESS)) {
      return new Infrastructure(folder, kafka.resultNow(), postgres.resultNow(), s3.resultNow());
    }
    servers.stream()
        .filter(server -> server.state() == State.SUCCESS)
        .forEach(server -> server.resultNow().close());
    folder.close();
    throw failure(servers);
  }

  private static InfraException failure(List<Future<? extends EmbeddedServer>> servers) {
    return servers.stream()
        .filter(server -> server.state() == State.FAILED)
        .map(Future::exceptionNow)
        .map(
            cause ->
                cause instanceof InfraException known
                    ? known
                    : new StartFailed("A server did not start: " + cause, cause))
        .reduce(
            (first, other) -> {
              first.addSuppressed(other);
              return first;
            })
        .orElseThrow();
  }

  public EmbeddedKafka kafka() {
    return kafka;
  }

  public EmbeddedPostgres postgres() {
    return postgres;
  }

  public EmbeddedS3 s3() {
    return s3;
  }

  /// Stops Kafka, from which work comes, then the stores that the work writes to, and lets go of
  /// the folder. Once: closing again does nothing.
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    kafka.close();
    s3.close();
    postgres.close();
    folder.close();
  }
}
