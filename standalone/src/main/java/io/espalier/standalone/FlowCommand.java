package io.espalier.standalone;

import io.espalier.bench.flow.Comparison;
import io.espalier.bench.flow.Measured;
import io.espalier.bench.flow.Recording;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `espalier bench flow`: what the flow costs, and whether it costs more than it did.
@Command(
    name = "flow",
    description = {
      "Measures the flow: searches one by one and many at once, against the same in process; starts;"
          + " memory; the gateway. Writes a recording and compares it with an earlier one.",
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true)
final class FlowCommand implements Callable<Integer> {

  private static final Map<String, FlowPart> PARTS =
      Stream.of(
              new SearchPart(),
              new ThroughputPart(),
              new StartPart(),
              new GatewayPart(),
              new MemoryPart())
          .collect(
              Collectors.toMap(FlowPart::name, Function.identity(), (one, _) -> one, TreeMap::new));

  private static final double GIBIBYTE = 1L << 30;

  @Spec private CommandSpec spec;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      defaultValue = "espalier-out/flow.json",
      description = "The recording to write (default: ${DEFAULT-VALUE}).")
  private Path out = Path.of("");

  @Option(
      names = "--parts",
      paramLabel = "NAME",
      split = ",",
      description =
          "Which parts to measure (default: all): search, throughput, start, gateway, memory.")
  private List<String> parts = List.of();

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "8",
      description = "How often what is quick is measured (default: ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--baseline",
      paramLabel = "FILE",
      description =
          "The recording to compare with (default: the shipped one, bench/recordings/flow.json).")
  private @Nullable Path baseline;

  @Mixin private HardwareOptions machine;

  @Override
  public Integer call() throws InterruptedException {
    if (rounds < 1) {
      throw new CommandException("--rounds is %d, but must be at least 1".formatted(rounds));
    }
    List<FlowPart> wanted = wanted();
    Optional<Recording> before = before();
    PrintWriter to = spec.commandLine().getOut();
    List<Measured> measured = new ArrayList<>();
    Path folder = temporary();
    try (FlowBench bench = new FlowBench(folder, machine.hardware(), rounds)) {
      for (FlowPart part : wanted) {
        List<Measured> of = part.measure(bench);
        measured.addAll(of);
        recording(measured).write(out);
        print(to, part, of, before);
      }
    } catch (CommandException e) {
      throw new CommandException("%s; %s has the logs".formatted(e.getMessage(), folder), e);
    }
    to.printf("%s has the recording%n", out);
    to.flush();
    return 0;
  }

  private List<FlowPart> wanted() {
    for (String name : parts) {
      if (!PARTS.containsKey(name)) {
        throw new CommandException(
            "there is no part '%s'; there are %s"
                .formatted(name, String.join(", ", PARTS.keySet())));
      }
    }
    return PARTS.values().stream()
        .filter(part -> parts.isEmpty() || parts.contains(part.name()))
        .toList();
  }

  private Optional<Recording> before() {
    if (baseline != null) {
      return Optional.of(Recording.read(baseline));
    }
    Path shipped = Home.benchmarks().resolve("flow.json");
    return Files.exists(shipped) ? Optional.of(Recording.read(shipped)) : Optional.empty();
  }

  private static Path temporary() {
    try {
      return Files.createTempDirectory("espalier-bench");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Recording recording(List<Measured> measured) {
    return new Recording(
        Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
        new Version().getVersion()[0],
        machine(),
        measured);
  }

  private static Recording.Machine machine() {
    var system =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return new Recording.Machine(
        processor().orElse(System.getProperty("os.arch")),
        Runtime.getRuntime().availableProcessors(),
        Math.round(system.getTotalMemorySize() / GIBIBYTE));
  }

  private static Optional<String> processor() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst();
    } catch (IOException _) {
      return Optional.empty();
    }
  }

  private static void print(
      PrintWriter to, FlowPart part, List<Measured> measured, Optional<Recording> before) {
    to.printf("%n%s%n", part.name());
    Recording now = recording(measured);
    for (Comparison.Line line : Comparison.of(before.orElse(now), now)) {
      Measured of = line.now();
      to.printf(
          Locale.ROOT,
          "  %-45s %9.3f %-10s [%.3f, %.3f] of %d%s%n",
          of.name(),
          of.median(),
          of.unit(),
          of.quartiles().getFirst(),
          of.quartiles().getLast(),
          of.values().size(),
          before.isEmpty()
              ? ""
              : String.format(Locale.ROOT, "  %s (×%.2f)", line.verdict(), line.change()));
    }
    to.flush();
  }
}
