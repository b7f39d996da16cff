package io.espalier.standalone;

import io.espalier.contracts.ResultDocument;
import io.espalier.flow.Documents;
import io.espalier.flow.JobSpecs;
import io.espalier.infra.InfraException;
import io.espalier.models.Hardware;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `espalier search`: one search, or one for each line of a file.
@Command(
    name = "search",
    description = {
      "Searches for the best picture of a prompt and writes it to a folder, with the whole search"
          + " tree: result.png, result.json, tree.json and sheet.png."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    footer = {
      "",
      "Exit status: 0 where a picture was found, 1 where not, 2 where the command makes no sense.",
      "",
      "Examples:",
      "  espalier search \"a red circle left of a blue square\"",
      "  espalier search --strategy random:images=60 --seed 7 \"three stars\"",
      "  espalier search --strategy smc:particles=15,lambda=4 \"two hearts\"",
      "  espalier search --width 8/4/2 --tier vlm=0/0/5 \"a blue ring\"",
      "  espalier search --paper --width 2 --branches 4 --json \"a green heart\"",
      "  espalier search --prompts prompts.txt --out results"
    })
final class SearchCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(arity = "0..1", paramLabel = "PROMPT", description = "What the picture should show.")
  private @Nullable String prompt;

  @Option(
      names = "--prompts",
      paramLabel = "FILE",
      description = {
        "In the prompt's place: a search for each line, several in flight, each in a folder of its"
            + " own, 0001, 0002 and so on."
      })
  private @Nullable Path prompts;

  @Mixin private SearchOptions options;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "The folder to write (default: a new one below espalier-out).")
  private @Nullable Path out;

  @Option(names = "--json", description = "Print only the result document on standard output.")
  private boolean json;

  @Option(
      names = "--in-process",
      description = "Search in this process, without a broker, a database or a store.")
  private boolean inProcess;

  @Mixin private HardwareOptions machine;

  @Mixin private ServerOptions server;

  @Override
  public Integer call() throws InterruptedException {
    Hardware hardware = machine.hardware();
    if (inProcess) {
      return here(hardware);
    }
    Optional<Api> elsewhere = server.named();
    return elsewhere.isPresent()
        ? through(elsewhere.get(), jobs(options.bundle))
        : throughTheFlow(hardware);
  }

  private List<Job> jobs(String generator) {
    if (prompt != null && prompts == null) {
      ResultFolder folder = out == null ? ResultFolder.named(prompt) : ResultFolder.at(out);
      return List.of(new Job(options.request(prompt, generator), "", folder));
    }
    if (prompt == null && prompts != null) {
      Path parent = out == null ? ResultFolder.named("prompts").path() : out;
      return Job.ofLines(prompts, parent, line -> options.request(line, generator));
    }
    throw new CommandException(
        prompt == null
            ? "there is nothing to search for; give a PROMPT or --prompts FILE"
            : "a PROMPT and --prompts exclude each other; give one of them");
  }

  private int here(Hardware hardware) throws InterruptedException {
    List<Job> jobs = jobs(options.bundle);
    Written written = new Written(jobs.size());
    try (Interruption _ = new Interruption(spec.commandLine().getErr(), written);
        ExecutorService executor = Executors.newFixedThreadPool(hardware.calls());
        InProcess searches =
            InProcess.prepare(Home.bundles(), jobs.getFirst().request(), executor, hardware)) {
      jobs.forEach(job -> job.check(searches::check));
      return run(jobs, searches, written);
    }
  }

  /// Through the services of this process, or of the one that holds the data folder already.
  private int throughTheFlow(Hardware hardware) {
    LocalCatalog catalog = new LocalCatalog(Home.bundles());
    List<Job> jobs = jobs(catalog.generator(options.bundle).name());
    catalog.add(options.bundle);
    jobs.forEach(job -> job.check(request -> JobSpecs.of(request, catalog, () -> 0, null)));
    Services.Served served =
        Services.Served.of(
            Home.bundles(), List.of(options.bundle), List.copyOf(options.verifiers.keySet()));
    try {
      return Services.during(
          new Services.Setup(server.data(), 0, served, hardware, false), api -> through(api, jobs));
    } catch (InfraException.DataFolderInUse e) {
      return through(Address.of(server.data()).map(Api::new).orElseThrow(() -> inUse(e)), jobs);
    }
  }

  private static CommandException inUse(InfraException.DataFolderInUse cause) {
    return new CommandException(
        cause.getMessage() + "; searches share a folder while 'espalier serve' runs on it", cause);
  }

  private int through(Api api, List<Job> jobs) {
    Written written = new Written(jobs.size());
    try {
      return run(jobs, new Distributed(api), written);
    } catch (InterruptedException _) {
      return interrupted(written);
    } catch (CommandException e) {
      if (Thread.interrupted()) {
        return interrupted(written);
      }
      throw e;
    }
  }

  private int interrupted(Written written) {
    spec.commandLine().getErr().printf("%nespalier: interrupted; %s%n", written);
    return Services.INTERRUPTED;
  }

  private int run(List<Job> jobs, Searches searches, Written written) throws InterruptedException {
    return prompts == null
        ? one(jobs.getFirst(), searches, written)
        : several(jobs, searches, written);
  }

  private int one(Job job, Searches searches, Written written) throws InterruptedException {
    Searches.Outcome outcome;
    try (Progress progress = Progress.on(spec.commandLine().getErr())) {
      outcome = searches.run(job.request(), progress);
    }
    written.write(() -> job.folder().write(outcome));
    PrintWriter to = spec.commandLine().getOut();
    to.print(
        json
            ? Documents.json(outcome.result())
            : Summary.of(outcome.result(), job.folder().path()));
    to.flush();
    return status(outcome.result());
  }

  private int several(List<Job> jobs, Searches searches, Written written)
      throws InterruptedException {
    Semaphore inFlight = new Semaphore(machine.hardware().calls() + 1);
    List<Future<ResultDocument>> running = new ArrayList<>();
    Optional<ProgressBar> bar = Progress.counting(jobs.size());
    try (ExecutorService loops = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Job job : jobs) {
        inFlight.acquire();
        running.add(
            loops.submit(
                () -> {
                  try {
                    Searches.Outcome outcome = searches.run(job.request(), Watcher.NONE);
                    written.write(() -> job.folder().write(outcome));
                    return outcome.result();
                  } finally {
                    inFlight.release();
                    bar.ifPresent(ProgressBar::step);
                  }
                }));
      }
    }
    bar.ifPresent(ProgressBar::close);
    return report(jobs, running);
  }

  private int report(List<Job> jobs, List<Future<ResultDocument>> finished) {
    PrintWriter to = spec.commandLine().getOut();
    int status = 0;
    for (int i = 0; i < jobs.size(); i++) {
      switch (finished.get(i).state()) {
        case SUCCESS -> {
          ResultDocument result = finished.get(i).resultNow();
          to.print(
              json
                  ? Documents.jsonLine(result)
                  : Summary.line(result, jobs.get(i).folder().path()));
          status = Math.max(status, status(result));
        }
        case FAILED -> {
          Throwable error = finished.get(i).exceptionNow();
          spec.commandLine()
              .getErr()
              .println("espalier: " + jobs.get(i).from() + error.getMessage());
          status = 1;
        }
        case RUNNING, CANCELLED -> throw new IllegalStateException("every search has ended here");
      }
    }
    to.flush();
    return status;
  }

  private static int status(ResultDocument result) {
    return result.answer() == null ? 1 : 0;
  }
}
