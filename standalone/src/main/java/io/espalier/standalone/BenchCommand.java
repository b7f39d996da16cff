package io.espalier.standalone;

import picocli.CommandLine.Command;

/// `espalier bench`: experiments.
@Command(
    name = "bench",
    description = "Runs an experiment.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    subcommands = PaperCommand.class,
    synopsisSubcommandLabel = "COMMAND",
    usageHelpAutoWidth = true)
final class BenchCommand {}
