package io.espalier.standalone;

import io.espalier.bench.flow.Measured;
import io.espalier.infra.Infrastructure;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;

/// The gateway alone, with jobs that nobody searches: how fast it takes them, says where they
/// stand, and tells 500 watchers at once what happened. Its clients run on the same machine.
final class GatewayPart implements FlowPart {

  private static final int CLIENTS = 8;
  private static final int JOBS = 2_000;
  private static final int READS = 8_000;
  private static final int STREAMS = 500;
  private static final String MILLISECONDS = "ms";
  private static final double MILLION = 1e6;

  @Override
  public String name() {
    return "gateway";
  }

  @Override
  public List<Measured> measure(FlowBench bench) throws InterruptedException {
    try (Infrastructure servers = bench.infrastructure(name());
        FlowBench.Unsearched fleet = bench.unsearched(Servers.environment(servers))) {
      Api api = fleet.api();
      submit(api, CLIENTS);
      Stopwatch submitting = Stopwatch.start();
      List<String> jobs = submit(api, JOBS);
      double submissions = JOBS / submitting.seconds();
      Stopwatch reading = Stopwatch.start();
      AtOnce.call(CLIENTS, READS, i -> () -> api.job(jobs.get(i % jobs.size())));
      double reads = READS / reading.seconds();
      return List.of(
          Measured.gain(name(), "submissions", "jobs/s", List.of(submissions)),
          Measured.gain(name(), "reads of a job", "requests/s", List.of(reads)),
          Measured.cost(
              name(),
              "from a cancel until its watcher hears, 500 watchers",
              MILLISECONDS,
              heard(api, jobs.subList(JOBS - STREAMS, JOBS))));
    }
  }

  private static List<String> submit(Api api, int count) throws InterruptedException {
    return AtOnce.call(
        CLIENTS, count, seed -> () -> api.submit(FlowBench.search(seed)).id().toString());
  }

  /// Has every job watched, cancels one after the other, and says how long each watcher waited, in
  /// milliseconds.
  private static List<Double> heard(Api api, List<String> jobs) throws InterruptedException {
    CountDownLatch watching = new CountDownLatch(jobs.size());
    List<Long> cancelled = new ArrayList<>();
    Thread canceller =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    watching.await();
                    for (String job : jobs) {
                      cancelled.add(System.nanoTime());
                      api.cancel(job);
                    }
                  } catch (InterruptedException _) {
                    Thread.currentThread().interrupt();
                  }
                });
    List<Long> heard =
        AtOnce.call(jobs.size(), jobs.size(), i -> () -> end(api, jobs.get(i), watching));
    canceller.join();
    return IntStream.range(0, jobs.size())
        .mapToObj(i -> (heard.get(i) - cancelled.get(i)) / MILLION)
        .toList();
  }

  /// When a watcher hears of the end.
  private static long end(Api api, String job, CountDownLatch watching)
      throws InterruptedException {
    watching.countDown();
    api.watch(job, _ -> {});
    return System.nanoTime();
  }
}
