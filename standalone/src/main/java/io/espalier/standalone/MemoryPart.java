package io.espalier.standalone;

import io.espalier.bench.flow.Measured;
import io.espalier.infra.Infrastructure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a queued job costs the gateway and a worker, by their live heaps at 10, 1,000 and 100,000
/// queued jobs.
final class MemoryPart implements FlowPart {

  private static final List<Integer> QUEUED = List.of(10, 1_000, 100_000);
  private static final double KIBIBYTE = 1_024;
  private static final Pattern TOTAL = Pattern.compile("(?m)^Total\\s+\\d+\\s+(\\d+)$");

  @Override
  public String name() {
    return "memory";
  }

  @Override
  public List<Measured> measure(FlowBench bench) throws InterruptedException {
    List<Measured> measured = new ArrayList<>();
    try (Infrastructure servers = bench.infrastructure(name());
        FlowBench.Unsearched fleet = bench.unsearched(Servers.environment(servers))) {
      UUID job = fleet.api().submit(FlowBench.search(0)).id();
      double gatewayAtFirst = 0;
      double workerAtFirst = 0;
      int before = 0;
      for (int queued : QUEUED) {
        queueCopies(servers, job, queued - before);
        before = queued;
        fleet.api().jobs(null, 1);
        double gateway = liveKibibytes(fleet.gateway().process());
        double worker = liveKibibytes(fleet.worker().process());
        measured.add(heap("gateway", queued, gateway));
        measured.add(heap("search worker", queued, worker));
        if (queued == QUEUED.getFirst()) {
          gatewayAtFirst = gateway;
          workerAtFirst = worker;
        }
        if (queued == QUEUED.getLast()) {
          double more = queued - QUEUED.getFirst();
          measured.add(each("gateway", (gateway - gatewayAtFirst) / more));
          measured.add(each("search worker", (worker - workerAtFirst) / more));
        }
      }
    }
    return measured;
  }

  private Measured heap(String service, int queued, double kibibytes) {
    return Measured.cost(
        name(),
        "%s, live heap at %,d queued".formatted(service, queued),
        "KiB",
        List.of(kibibytes));
  }

  private Measured each(String service, double kibibytes) {
    return Measured.cost(
        name(), service + ", for each queued job", "KiB", List.of(Math.max(0, kibibytes)));
  }

  /// Submitting so many would take minutes, and leaves the same rows.
  private static void queueCopies(Infrastructure servers, UUID job, int count) {
    String copies =
        """
        insert into jobs
        select (jsonb_populate_record(null::jobs, to_jsonb(job)
            || jsonb_build_object('id', gen_random_uuid(), 'status', 'queued'))).*
        from jobs job, generate_series(1, ?) where job.id = ?
        """;
    try (Connection connection =
            DriverManager.getConnection(
                servers.postgres().jdbcUrl(),
                servers.postgres().user(),
                servers.postgres().password());
        PreparedStatement insert = connection.prepareStatement(copies)) {
      insert.setInt(1, count);
      insert.setObject(2, job);
      insert.executeUpdate();
    } catch (SQLException e) {
      throw new CommandException("jobs cannot be copied: " + e.getMessage(), e);
    }
  }

  /// What is alive on a process' heap, after a full collection.
  private static double liveKibibytes(Processes.Running process) throws InterruptedException {
    String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
    try {
      Process asked =
          new ProcessBuilder(jcmd, Long.toString(process.process().pid()), "GC.class_histogram")
              .redirectErrorStream(true)
              .start();
      String answer = new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      asked.waitFor();
      Matcher total = TOTAL.matcher(answer);
      if (!total.find()) {
        throw new CommandException("%s gives no class histogram: %s".formatted(jcmd, answer));
      }
      return Long.parseLong(total.group(1)) / KIBIBYTE;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
