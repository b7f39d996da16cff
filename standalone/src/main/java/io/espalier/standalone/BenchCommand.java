package io.espalier.standalone;

import picocli.CommandLine.Command;

/// `espalier bench`: experiments and benchmarks.
@Command(
    name = "bench",
    description = "Runs an experiment or a benchmark.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    subcommands = {PaperCommand.class, FlowCommand.class},
    synopsisSubcommandLabel = "COMMAND",
    usageHelpAutoWidth = true)
final class BenchCommand {}
