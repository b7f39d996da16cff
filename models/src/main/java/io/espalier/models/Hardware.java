package io.espalier.models;

import ai.djl.Device;
import ai.djl.util.cuda.CudaUtils;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import com.sun.management.OperatingSystemMXBean;
import io.espalier.models.ModelException.BadHardware;
import java.lang.management.ManagementFactory;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What model calls run on.
///
/// @param cuda the number of a CUDA device; none for the CPU
/// @param threads how many threads one call may use on the CPU
/// @param calls how many calls run side by side
/// @param memory the bytes that a bundle and its calls may take; what there is where absent
public record Hardware(OptionalInt cuda, int threads, int calls, Optional<Long> memory) {

  private static final Pattern NAME = Pattern.compile("cpu|cuda(?::(?<number>\\d{1,3}))?");

  /// Loaded weights by what their files take: matrices that are stored in float16 and computed
  /// with in float32 are kept in both, and packed for the CPU's products on top.
  private static final int WEIGHTS_ON_CPU = 3;

  private static final int WEIGHTS_ON_CUDA = 2;

  /// One thread a call: calls side by side keep all cores busy, which costs less than threads
  /// within a call and gives the same bits.
  ///
  /// @param device `cpu`, `cuda` or `cuda:N`
  /// @throws BadHardware where the name is none of these
  public static Hardware of(String device, int calls, Optional<Long> memory) {
    Matcher name = NAME.matcher(device);
    if (!name.matches()) {
      throw new BadHardware(
          "there is no device '%s'; give cpu, cuda or cuda:N, where N counts from 0"
              .formatted(device));
    }
    String number = name.group("number");
    OptionalInt cuda =
        device.equals("cpu")
            ? OptionalInt.empty()
            : OptionalInt.of(number == null ? 0 : Integer.parseInt(number));
    return new Hardware(cuda, 1, calls, memory);
  }

  /// The CPU, for one call at a time.
  public static Hardware cpu(int threads) {
    return new Hardware(OptionalInt.empty(), threads, 1, Optional.empty());
  }

  /// The name that [#of] takes.
  public String device() {
    return cuda.isPresent() ? "cuda:" + cuda.getAsInt() : "cpu";
  }

  /// The bytes that models and their calls may take.
  ///
  /// @throws BadHardware where nobody can tell
  long budget() {
    if (memory.isPresent()) {
      return memory.get();
    }
    if (cuda.isEmpty()) {
      var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
      return system.getTotalMemorySize() - Runtime.getRuntime().maxMemory();
    }
    tryCuda(cuda.getAsInt());
    try {
      var used = CudaUtils.getGpuMemory(Device.gpu(cuda.getAsInt()));
      return used.getMax() - used.getCommitted();
    } catch (RuntimeException | LinkageError e) {
      throw new BadHardware(
          "nobody can tell how much memory %s has; set espalier.models.memory".formatted(device()),
          e);
    }
  }

  /// Finds out whether there is such a device before it is asked anything.
  private void tryCuda(int number) {
    OnnxGraph.openRuntime();
    try (SessionOptions options = new SessionOptions()) {
      addCuda(options, number);
    }
  }

  /// The bytes that weights take once they are loaded.
  long weights(long files) {
    return files * (cuda.isPresent() ? WEIGHTS_ON_CUDA : WEIGHTS_ON_CPU);
  }

  /// Has a session run here.
  void choose(SessionOptions options) throws OrtException {
    options.setIntraOpNumThreads(threads);
    // Spinning threads beside other work make every call slower than one thread alone.
    options.addConfigEntry("session.intra_op.allow_spinning", "0");
    if (cuda.isPresent()) {
      addCuda(options, cuda.getAsInt());
    }
  }

  private void addCuda(SessionOptions options, int number) {
    try (OrtCUDAProviderOptions provider = new OrtCUDAProviderOptions(number)) {
      // Products of a few digits less are faster, and draw other bits than the CPU.
      provider.add("use_tf32", "0");
      // Doubling what was taken before would overrun the plan of memory.
      provider.add("arena_extend_strategy", "kSameAsRequested");
      options.addCUDA(provider);
    } catch (OrtException e) {
      throw new BadHardware(
          ("%s cannot be used: %s. This needs a build for it (./mvnw package -Pcuda), an NVIDIA"
                  + " driver, CUDA 12 and cuDNN 9 on the library path, and a device of this number")
              .formatted(device(), OnnxGraph.reason(e)),
          e);
    }
  }
}
