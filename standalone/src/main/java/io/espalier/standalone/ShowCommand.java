package io.espalier.standalone;

import io.espalier.contracts.ResultDocument;
import io.espalier.gateway.http.JobDocument;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `espalier show ID`: where a job stands and what came of it.
@Command(
    name = "show",
    description = "Tells where a job stands; with --out it fetches what an ended one left.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true)
final class ShowCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "ID", description = "The job's id, as 'espalier jobs' lists it.")
  private String id = "";

  @Mixin private ServerOptions server;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Write result.png, result.json, tree.json and sheet.png to this folder.")
  private @Nullable Path out;

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter to = spec.commandLine().getOut();
    if (out != null) {
      ResultFolder folder = ResultFolder.at(out);
      Searches.Outcome outcome = Distributed.outcome(server.api(), id);
      folder.write(outcome);
      to.print(Summary.of(outcome.result(), folder.path()));
    } else {
      JobDocument job = server.api().job(id);
      to.printf("job        %s%n", job.id());
      to.printf("prompt     %s%n", Objects.requireNonNullElse(job.request().prompt(), ""));
      to.printf(
          "status     %s%s%n",
          job.status().word(),
          job.cancelRequested() && !job.status().ended() ? ", asked to stop" : "");
      to.printf("submitted  %s%n", job.createdAt());
      ResultDocument result = job.result();
      if (result != null) {
        to.print(Summary.of(result));
      } else if (!job.reason().isEmpty()) {
        to.printf("reason     %s%n", job.reason());
      }
    }
    to.flush();
    return 0;
  }
}
