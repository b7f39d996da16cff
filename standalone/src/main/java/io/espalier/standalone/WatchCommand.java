package io.espalier.standalone;

import io.espalier.gateway.http.JobDocument;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `espalier watch ID`: a job's progress until its end.
@Command(
    name = "watch",
    description = {
      "Shows a job's progress, from its beginning, until it ends; Ctrl-C ends the watching alone."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true,
    footer = {"", "Exit status: 0 where a picture was found, 1 where not."})
final class WatchCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "ID", description = "The job's id, as 'espalier jobs' lists it.")
  private String id = "";

  @Mixin private ServerOptions server;

  @Override
  public Integer call() throws InterruptedException {
    Api api = server.api();
    try (Progress progress = Progress.on(spec.commandLine().getErr())) {
      Distributed.watch(api, id, progress);
    }
    JobDocument job = api.job(id);
    PrintWriter out = spec.commandLine().getOut();
    if (job.result() == null) {
      out.printf("%s: %s%n", job.status().word(), job.reason());
    } else {
      out.print(Summary.of(job.result()));
    }
    out.flush();
    return job.result() != null && job.result().answer() != null ? 0 : 1;
  }
}
