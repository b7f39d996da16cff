package io.espalier.standalone;

import io.espalier.contracts.ResultDocument;
import io.espalier.gateway.http.JobDocument;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `espalier jobs`: the newest jobs of a server.
@Command(
    name = "jobs",
    description = "Lists a server's jobs, the newest first.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true)
final class JobsCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Mixin private ServerOptions server;

  @Option(
      names = "--status",
      paramLabel = "STATUS",
      description = "Only queued, running, found, cancelled, expired or failed ones.")
  private @Nullable String status;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "20",
      description = "At most this many, up to 100 (default: ${DEFAULT-VALUE}).")
  private int limit;

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    List<JobDocument> jobs = server.api().jobs(status, limit).jobs();
    if (jobs.isEmpty()) {
      out.println("no jobs");
    }
    jobs.forEach(job -> out.println(line(job)));
    out.flush();
    return 0;
  }

  private static String line(JobDocument job) {
    ResultDocument result = job.result();
    ResultDocument.Answer answer = result == null ? null : result.answer();
    String score = answer == null ? "      –" : String.format(Locale.ROOT, "%7.3f", answer.score());
    return "%s  %-9s  %s  %s  %s"
        .formatted(job.id(), job.status().word(), job.createdAt(), score, job.request().prompt());
  }
}
