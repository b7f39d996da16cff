package io.espalier.standalone;

import io.espalier.flow.service.ModelThreads;
import io.espalier.models.Hardware;
import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.runtime.configuration.MemorySizeConverter;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/// What the models of this process run on.
final class HardwareOptions {

  @Option(
      names = "--threads",
      paramLabel = "N",
      description =
          "How many model calls run side by side (default: the number of cores; 1 with CUDA).")
  private @Nullable Integer threads;

  @Option(
      names = "--device",
      paramLabel = "D",
      description =
          "What models run on: cpu, cuda or cuda:N (default: cpu). CUDA needs a build"
              + " with -Pcuda.")
  private String device = "cpu";

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      converter = Size.class,
      description =
          "How much memory a generator and its calls may take, such as 20G; what does not fit is"
              + " split (default: what the device has).")
  private @Nullable MemorySize memory;

  /// @throws CommandException where there are too few threads
  Hardware hardware() {
    int calls = threads != null ? threads : ModelThreads.fitting(device);
    if (calls < 1) {
      throw new CommandException("--threads is %d, but must be at least 1".formatted(calls));
    }
    return Hardware.of(device, calls, Optional.ofNullable(memory).map(MemorySize::asLongValue));
  }

  /// A size as the services' configuration takes it.
  static final class Size implements ITypeConverter<MemorySize> {

    @Override
    public MemorySize convert(String value) {
      try {
        return new MemorySizeConverter().convert(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(
            "'%s' is no size; give a number with K, M, G or T, such as 20G".formatted(value));
      }
    }
  }
}
