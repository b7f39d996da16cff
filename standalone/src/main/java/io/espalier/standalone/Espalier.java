package io.espalier.standalone;

import io.espalier.beam.InvalidSearchException;
import io.espalier.bench.BenchException;
import io.espalier.infra.InfraException;
import io.espalier.models.ModelException;
import io.quarkus.runtime.annotations.QuarkusMain;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;

/// The command line. Every error is one line on standard error and a non-zero exit.
@Command(
    name = "espalier",
    description = "Inference-time search for visual autoregressive text-to-image models.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    subcommands = {
      SearchCommand.class,
      BundlesCommand.class,
      ServeCommand.class,
      JobsCommand.class,
      ShowCommand.class,
      WatchCommand.class,
      CancelCommand.class,
      InfraCommand.class,
      BenchCommand.class
    },
    synopsisSubcommandLabel = "COMMAND",
    footer = {"", "Run 'espalier COMMAND --help' for what a command takes."})
@QuarkusMain
public final class Espalier {

  private Espalier() {}

  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  static CommandLine commandLine() {
    return new CommandLine(new Espalier())
        .setUsageHelpAutoWidth(true)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler(oneLine())
        .setExecutionExceptionHandler(oneLineOrTrace());
  }

  private static IParameterExceptionHandler oneLine() {
    return (error, _) -> {
      CommandLine command = error.getCommandLine();
      command
          .getErr()
          .printf(
              "espalier: %s; see '%s --help'%n",
              error.getMessage(), command.getCommandSpec().qualifiedName());
      return command.getCommandSpec().exitCodeOnInvalidInput();
    };
  }

  private static IExecutionExceptionHandler oneLineOrTrace() {
    return (error, command, _) -> {
      switch (error) {
        case InvalidSearchException _,
            ModelException _,
            CommandException _,
            InfraException _,
            BenchException _ ->
            command.getErr().println("espalier: " + error.getMessage());
        default -> {
          command.getErr().println("espalier: this is a defect: " + error);
          error.printStackTrace(command.getErr());
        }
      }
      return command.getCommandSpec().exitCodeOnExecutionException();
    };
  }
}
