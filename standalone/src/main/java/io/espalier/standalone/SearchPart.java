package io.espalier.standalone;

import io.espalier.bench.flow.Measured;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.DoubleSupplier;

/// One search after the other: the first of a server, warm ones in turns with the same in process,
/// and what they wait for while no model call runs.
final class SearchPart implements FlowPart {

  private static final int WARM_UP = 3;
  private static final String SECONDS = "s";
  private static final double MILLIS = 1_000;

  @Override
  public String name() {
    return "search";
  }

  /// What a search took, in seconds.
  private record Took(double wall, double cpu) {}

  @Override
  public List<Measured> measure(FlowBench bench) throws InterruptedException {
    try (FlowBench.Server server = bench.serve(name());
        ExecutorService executor = Executors.newFixedThreadPool(bench.hardware().calls());
        InProcess here =
            InProcess.prepare(Home.bundles(), FlowBench.search(0), executor, bench.hardware())) {
      Distributed there = new Distributed(server.api());
      List<Measured> measured = new ArrayList<>();
      double first = time(there, 0, server::cpuSeconds).wall();
      measured.add(Measured.cost(name(), "the first of a server", SECONDS, List.of(first)));
      for (int seed = 0; seed < WARM_UP; seed++) {
        here.run(FlowBench.search(seed), Watcher.NONE);
        there.run(FlowBench.search(seed), Watcher.NONE);
      }
      measured.addAll(inTurns(here, there, server, bench.rounds()));
      measured.addAll(stages(there, server, bench.rounds()));
      return measured;
    }
  }

  private List<Measured> inTurns(
      InProcess here, Distributed there, FlowBench.Server server, int rounds)
      throws InterruptedException {
    List<Took> flow = new ArrayList<>();
    List<Took> inProcess = new ArrayList<>();
    for (int seed = 0; seed < rounds; seed++) {
      inProcess.add(time(here, seed, CpuTime::own));
      flow.add(time(there, seed, server::cpuSeconds));
    }
    Measured wall = walls("through the flow", flow);
    Measured wallHere = walls("in process", inProcess);
    Measured cpu = cpus("through the flow, all cores", flow);
    Measured cpuHere = cpus("in process, all cores", inProcess);
    return List.of(
        wall,
        wallHere,
        wall.over(wallHere, "time, flow over in process"),
        cpu,
        cpuHere,
        cpu.over(cpuHere, "core seconds, flow over in process"));
  }

  private List<Measured> stages(Distributed there, FlowBench.Server server, int rounds)
      throws InterruptedException {
    List<Double> records = new ArrayList<>();
    Map<Timeline.Wait, List<Double>> waits = new EnumMap<>(Timeline.Wait.class);
    try (Tail tail = new Tail(server.broker())) {
      for (int seed = 0; seed < rounds; seed++) {
        String id = there.run(FlowBench.search(seed), Watcher.NONE).result().jobId();
        List<Tail.Seen> seen = tail.ofEnded(id);
        records.add((double) seen.size());
        Timeline.of(seen)
            .forEach(
                (wait, millis) ->
                    waits.computeIfAbsent(wait, _ -> new ArrayList<>()).add(millis / MILLIS));
      }
    }
    List<Measured> measured = new ArrayList<>();
    measured.add(Measured.cost(name(), "records", "records", records));
    waits.forEach(
        (wait, values) ->
            measured.add(
                Measured.cost(
                    name(),
                    "no model call, but " + wait.name().toLowerCase(Locale.ROOT),
                    SECONDS,
                    values)));
    return measured;
  }

  private static Took time(Searches searches, long seed, DoubleSupplier cpuSeconds)
      throws InterruptedException {
    double cpu = cpuSeconds.getAsDouble();
    Stopwatch watch = Stopwatch.start();
    searches.run(FlowBench.search(seed), Watcher.NONE);
    return new Took(watch.seconds(), cpuSeconds.getAsDouble() - cpu);
  }

  private Measured walls(String what, List<Took> all) {
    return Measured.cost(name(), what, SECONDS, all.stream().map(Took::wall).toList());
  }

  private Measured cpus(String what, List<Took> all) {
    return Measured.cost(name(), what, "core s", all.stream().map(Took::cpu).toList());
  }
}
