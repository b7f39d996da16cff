package io.espalier.standalone;

import io.espalier.gateway.http.CancelDocument;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `espalier cancel ID`: ends a job early.
@Command(
    name = "cancel",
    description = "Ends a job early; it answers with its best image so far.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true)
final class CancelCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "ID", description = "The job's id, as 'espalier jobs' lists it.")
  private String id = "";

  @Mixin private ServerOptions server;

  @Override
  public Integer call() throws InterruptedException {
    CancelDocument answer = server.api().cancel(id);
    spec.commandLine().getOut().println(answer.message());
    spec.commandLine().getOut().flush();
    return 0;
  }
}
