package io.espalier.standalone;

import io.espalier.infra.Infrastructure;
import io.espalier.infra.Ports;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `espalier infra`: a broker, a database and an object store for services that run apart.
@Command(
    name = "infra",
    description = {
      "Runs an embedded Kafka, Postgres and S3 server until Ctrl-C, and prints the environment with"
          + " which services find them, so that a fleet can be tried on one machine."
    },
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    usageHelpAutoWidth = true)
final class InfraCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Mixin private DataOption folder;

  @Option(
      names = "--kafka-port",
      paramLabel = "N",
      defaultValue = "0",
      description = "Kafka's port (default: that of the last start, or any).")
  private int kafka;

  @Option(
      names = "--postgres-port",
      paramLabel = "N",
      defaultValue = "0",
      description = "Postgres' port (default: as above).")
  private int postgres;

  @Option(
      names = "--s3-port",
      paramLabel = "N",
      defaultValue = "0",
      description = "The object store's port (default: as above).")
  private int s3;

  @Override
  public Integer call() throws InterruptedException {
    CountDownLatch told = new CountDownLatch(1);
    Infrastructure servers = Infrastructure.start(folder.data(), new Ports(kafka, postgres, s3));
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .unstarted(
                    () -> {
                      servers.close();
                      told.countDown();
                    }));
    PrintWriter out = spec.commandLine().getOut();
    Servers.environment(servers).forEach((name, value) -> out.printf("%s=%s%n", name, value));
    out.printf("# ready; the state is in %s; Ctrl-C stops them%n", folder.data());
    out.flush();
    told.await();
    return 0;
  }
}
