package io.espalier.standalone;

import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `espalier serve`: everything in one process, until it is told to stop.
@Command(
    name = "serve",
    description = {
      "Runs all of Espalier in one process, with an embedded broker, database and object store, and"
          + " serves its HTTP API on this machine until Ctrl-C. Jobs outlive the process: the next"
          + " start on the same data folder goes on with them."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true)
final class ServeCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Mixin private DataOption folder;

  @Option(
      names = "--port",
      paramLabel = "N",
      defaultValue = "8080",
      description = "The port of the HTTP API, 0 for any (default: ${DEFAULT-VALUE}).")
  private int port;

  @Mixin private HardwareOptions machine;

  @Override
  public Integer call() {
    Services.Setup setup =
        new Services.Setup(
            folder.data(),
            port,
            Services.Served.installed(Home.bundles()),
            machine.hardware(),
            true);
    return Services.during(setup, this::serve);
  }

  private int serve(Api api) throws InterruptedException {
    spec.commandLine()
        .getOut()
        .printf(
            "espalier serves at %s, with its state in %s; Ctrl-C stops it%n",
            api.base(), folder.data());
    spec.commandLine().getOut().flush();
    Address.write(folder.data(), api.base());
    try {
      new CountDownLatch(1).await();
      return 0;
    } finally {
      Address.remove(folder.data());
    }
  }
}
