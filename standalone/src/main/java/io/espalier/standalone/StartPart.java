package io.espalier.standalone;

import io.espalier.bench.flow.Measured;
import io.espalier.infra.Infrastructure;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// From the start of a process until it says that it is ready, its models loaded.
final class StartPart implements FlowPart {

  private static final List<String> SERVICES =
      List.of("api-gateway", "search-worker", "verifier-worker");

  @Override
  public String name() {
    return "start";
  }

  @Override
  public List<Measured> measure(FlowBench bench) throws InterruptedException {
    List<Measured> measured = new ArrayList<>();
    List<Double> all = new ArrayList<>();
    for (int round = 0; round < bench.rounds(); round++) {
      Stopwatch watch = Stopwatch.start();
      try (FlowBench.Server _ = bench.serve("serve-" + round)) {
        all.add(watch.seconds());
      }
    }
    measured.add(Measured.cost(name(), "everything in one process, on a new folder", "s", all));
    try (Infrastructure servers = bench.infrastructure(name())) {
      Map<String, String> environment = Servers.environment(servers);
      for (String service : SERVICES) {
        List<Double> times = new ArrayList<>();
        for (int round = 0; round < bench.rounds(); round++) {
          times.add(start(bench, service, environment));
        }
        measured.add(Measured.cost(name(), service, "s", times));
      }
    }
    return measured;
  }

  private static double start(FlowBench bench, String service, Map<String, String> environment)
      throws InterruptedException {
    Stopwatch watch = Stopwatch.start();
    try (FlowBench.Service started = bench.service(service, environment)) {
      started.awaitReady();
      return watch.seconds();
    }
  }
}
