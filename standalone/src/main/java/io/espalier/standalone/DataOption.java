package io.espalier.standalone;

import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// Where a server keeps its state.
final class DataOption {

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = {
        "The folder that keeps jobs, queues and pictures; one server at a time may hold it"
            + " (default: espalier in the user's data folder)."
      })
  private @Nullable Path data;

  Path data() {
    return Objects.requireNonNullElseGet(data, Home::data).toAbsolutePath().normalize();
  }
}
