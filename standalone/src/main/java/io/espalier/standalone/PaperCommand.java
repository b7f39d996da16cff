package io.espalier.standalone;

import io.espalier.bench.Cell;
import io.espalier.bench.Experiment;
import io.espalier.bench.Judge;
import io.espalier.bench.PrefixCost;
import io.espalier.bench.Report;
import io.espalier.bench.Runs;
import io.espalier.bench.Suite;
import io.espalier.contracts.JobRequest;
import io.espalier.contracts.JobSpec;
import io.espalier.flow.JobSpecs;
import io.espalier.flow.SearchSpecs;
import io.espalier.models.Hardware;
import io.espalier.models.OnnxGenerator;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import me.tongfei.progressbar.ProgressBar;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `espalier bench paper`: the paper's experiment.
@Command(
    name = "paper",
    description = {
      "Runs the paper's experiment on the shipped models and writes its runs, tables, figures and a"
          + " report to a folder. It goes on where it was stopped."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    footer = {
      "",
      "Parts: 1 strategies at equal cost; 2 steering by one verifier or several; 3 width, branches,",
      "temperature, rollout depth; 4 against a diffusion model; 5 what prefixes cost."
    })
final class PaperCommand implements Callable<Integer> {

  private static final int PREFIXES = 5;

  @Spec private CommandSpec spec;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "espalier-out/paper",
      description = "The folder to write, and to go on from (default: ${DEFAULT-VALUE}).")
  private Path out = Path.of("");

  @Option(
      names = "--suite",
      paramLabel = "NAME",
      defaultValue = "geneval",
      description = {
        "Which prompts (default: ${DEFAULT-VALUE}): geneval, its six tasks; hard, four tasks of three to"
            + " five objects."
      })
  private Suite suite = Suite.GENEVAL;

  @Option(
      names = "--parts",
      paramLabel = "N",
      split = ",",
      defaultValue = "1,2,3,4,5",
      description = "Which parts to run (default: ${DEFAULT-VALUE}).")
  private Set<Integer> parts = new TreeSet<>();

  @Option(
      names = "--prompts",
      paramLabel = "N",
      defaultValue = "1000",
      description = "How many of the suite's prompts, for parts 1 and 4 (default: all).")
  private int prompts;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "2",
      description = "How many seeds, for parts 1 and 4 (default: ${DEFAULT-VALUE}).")
  private int seeds;

  @Option(
      names = "--some",
      paramLabel = "N",
      defaultValue = "100",
      description = "How many prompts, for the other parts (default: ${DEFAULT-VALUE}).")
  private int some;

  @Option(
      names = "--in-process",
      description = "Search in this process, without a broker, a database or a store.")
  private boolean inProcess;

  @Mixin private HardwareOptions machine;

  @Mixin private ServerOptions server;

  @Override
  public Integer call() throws InterruptedException {
    check();
    LocalCatalog catalog = new LocalCatalog(Home.bundles());
    Runs runs = new Runs(out.resolve("runs"));
    Experiment experiment =
        new Experiment(new Experiment.Extent(suite, parts, prompts, seeds, some), runs);
    Map<String, String> madeWith = digests(catalog, experiment.cells());
    madeWith.put("suite", suite.name().toLowerCase(Locale.ROOT));
    runs.claim(madeWith);
    search(experiment, machine.hardware());
    Optional<PrefixCost> prefixes =
        parts.contains(PREFIXES) ? Optional.of(prefixes(catalog)) : Optional.empty();
    PrintWriter to = spec.commandLine().getOut();
    to.println(Report.write(out, runs, prefixes));
    to.flush();
    return 0;
  }

  private void check() {
    for (int part : parts) {
      if (part < 1 || part > PREFIXES) {
        throw new CommandException("there is no part %d; there are 1 to 5".formatted(part));
      }
    }
    atLeastOne("--prompts", prompts);
    atLeastOne("--seeds", seeds);
    atLeastOne("--some", some);
  }

  private static void atLeastOne(String option, int value) {
    if (value < 1) {
      throw new CommandException("%s is %d, but must be at least 1".formatted(option, value));
    }
  }

  /// The models that the runs are made with.
  private static Map<String, String> digests(LocalCatalog catalog, List<Cell> cells) {
    Map<String, String> digests = new TreeMap<>();
    for (Cell cell : cells) {
      JobSpec job = JobSpecs.of(cell.request("a star", 0), catalog, () -> 0, null);
      digests.put(job.generator().name(), job.generator().digest());
      job.verifiers().forEach(verifier -> digests.put(verifier.name(), verifier.digest()));
    }
    return digests;
  }

  private void search(Experiment experiment, Hardware hardware) throws InterruptedException {
    Optional<Api> elsewhere = server.named();
    if (inProcess) {
      try (ExecutorService executor = Executors.newFixedThreadPool(hardware.calls());
          ModelsInTurn models = new ModelsInTurn(executor, hardware)) {
        run(experiment, models);
      }
    } else if (elsewhere.isPresent()) {
      run(experiment, new Distributed(elsewhere.get()));
    } else {
      Services.Served served = Services.Served.installed(Home.bundles());
      Services.during(
          new Services.Setup(server.data(), 0, served, hardware, false),
          api -> {
            run(experiment, new Distributed(api));
            return 0;
          });
    }
  }

  private static void run(Experiment experiment, Searches searches) throws InterruptedException {
    Optional<ProgressBar> bar = Progress.counting(experiment.planned());
    try (Judge judge = Judge.start(Home.zoo())) {
      experiment.run(
          request -> found(searches.run(request, Watcher.NONE)),
          judge,
          () -> bar.ifPresent(ProgressBar::step));
    } finally {
      bar.ifPresent(ProgressBar::close);
    }
  }

  private static Experiment.Found found(Searches.Outcome outcome) {
    return new Experiment.Found(outcome.result(), outcome.tree(), outcome.images());
  }

  private static PrefixCost prefixes(LocalCatalog catalog) {
    JobRequest request = Cell.all().getFirst().request("a star", 0);
    JobSpec job = JobSpecs.of(request, catalog, () -> 0, null);
    try (OnnxGenerator generator =
        new OnnxGenerator(catalog.bundle(Cell.GENERATOR), Hardware.cpu(1))) {
      return PrefixCost.measure(SearchSpecs.of(job), generator);
    }
  }
}
