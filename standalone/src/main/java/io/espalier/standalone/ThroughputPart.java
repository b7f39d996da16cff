package io.espalier.standalone;

import io.espalier.bench.flow.Measured;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// Many searches at once, against the same in process: a thread for each, and the models' threads
/// shared by all.
final class ThroughputPart implements FlowPart {

  private static final List<Integer> IN_FLIGHT = List.of(1, 4, 16, 64);

  /// A batch keeps its searches in flight for about twice their time, but for the largest.
  private static final int LEAST = 4;

  private static final int MOST = 64;

  @Override
  public String name() {
    return "throughput";
  }

  @Override
  public List<Measured> measure(FlowBench bench) throws InterruptedException {
    try (FlowBench.Server server = bench.serve(name());
        ExecutorService executor = Executors.newFixedThreadPool(bench.hardware().calls());
        InProcess here =
            InProcess.prepare(Home.bundles(), FlowBench.search(0), executor, bench.hardware())) {
      Distributed there = new Distributed(server.api());
      run(here, LEAST, LEAST);
      run(there, LEAST, LEAST);
      List<Measured> measured = new ArrayList<>();
      for (int inFlight : IN_FLIGHT) {
        int searches = Math.clamp(2L * inFlight, LEAST, MOST);
        Measured inProcess = rate("in process", inFlight, run(here, inFlight, searches));
        Measured flow = rate("through the flow", inFlight, run(there, inFlight, searches));
        measured.addAll(
            List.of(
                inProcess, flow, flow.over(inProcess, "flow over in process, " + at(inFlight))));
      }
      return measured;
    }
  }

  private Measured rate(String what, int inFlight, double rate) {
    return Measured.gain(name(), what + ", " + at(inFlight), "searches/s", List.of(rate));
  }

  private static String at(int inFlight) {
    return inFlight + " in flight";
  }

  /// Searches a second.
  private static double run(Searches searches, int inFlight, int count)
      throws InterruptedException {
    Stopwatch watch = Stopwatch.start();
    AtOnce.call(inFlight, count, seed -> () -> searches.run(FlowBench.search(seed), Watcher.NONE));
    return count / watch.seconds();
  }
}
