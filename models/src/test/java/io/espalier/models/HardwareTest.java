package io.espalier.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.espalier.models.ModelException.BadBundle;
import io.espalier.models.ModelException.BadHardware;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What models run on, and the plan of its memory.
class HardwareTest {

  private static Hardware cpu(int calls, long memory) {
    return new Hardware(OptionalInt.empty(), 1, calls, Optional.of(memory));
  }

  @Test
  void aDeviceIsTheCpuOrOneOfCudasByNumber() {
    assertThat(Hardware.of("cpu", 4, Optional.empty()).cuda()).isEmpty();
    assertThat(Hardware.of("cuda", 1, Optional.empty()).cuda()).hasValue(0);
    assertThat(Hardware.of("cuda:3", 1, Optional.empty()).cuda()).hasValue(3);
    assertThat(Hardware.of("cuda", 1, Optional.empty()).device()).isEqualTo("cuda:0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpu", "cuda:", "cuda:-1", "cuda:x", "CPU", ""})
  void anotherNameIsRefused(String device) {
    assertThatThrownBy(() -> Hardware.of(device, 1, Optional.empty()))
        .isInstanceOf(BadHardware.class)
        .hasMessage(
            "there is no device '%s'; give cpu, cuda or cuda:N, where N counts from 0", device);
  }

  @Test
  void withoutCudaItIsSaidWhatIsMissing() {
    Hardware none = Hardware.of("cuda:63", 1, Optional.empty());
    Bundle clip = Installed.open("clip");
    Bundle generator = Installed.open(Installed.GENERATOR);
    for (ThrowingCallable use :
        List.<ThrowingCallable>of(
            () -> new OnnxVerifier("clip", clip, none).close(),
            () -> new OnnxGenerator(generator, none).close())) {
      assertThatThrownBy(use)
          .isInstanceOf(BadHardware.class)
          .hasMessageStartingWith("cuda:63 cannot be used: ")
          .hasMessageNotContaining("Error code")
          .hasMessageContaining("CUDA 12");
    }
  }

  @Test
  void aCallHoldsNoMoreThanItsShareOfTheMemory() {
    Bundle bundle = Installed.open(Installed.GENERATOR);
    Manifest.Memory needs = Objects.requireNonNull(bundle.manifest().memory());
    long weights = Hardware.cpu(1).weights(bundle.bytes());
    for (int calls = 1; calls <= 3; calls++) {
      for (int size = 2; size < 20; size++) {
        long budget = weights + (long) calls * size * needs.sequence();
        MemoryPlan plan = MemoryPlan.of(bundle, cpu(calls, budget));
        long call = plan.sequences() * needs.sequence() + plan.pictures() * needs.picture();
        assertThat(weights + calls * call).isBetween(budget / 2, budget);
      }
    }
    assertThat(MemoryPlan.of(bundle, Hardware.cpu(1)).sequences()).isGreaterThan(15);
  }

  @Test
  void aBundleThatDoesNotFitIsRefusedWithWhatItNeeds() {
    Bundle bundle = Installed.open(Installed.GENERATOR);
    assertThatThrownBy(() -> new OnnxGenerator(bundle, cpu(2, 1 << 20)))
        .isInstanceOf(BadBundle.class)
        .hasMessageStartingWith("shapes-infinity does not fit on cpu: its weights take up to 0.0")
        .hasMessageContaining("each of 2 calls side by side")
        .hasMessageContaining("of 0.00 GiB in all");
  }

  @Property
  void aListIsCutIntoAsFewPartsAsThereCanBeOfNearlyOneLength(
      @ForAll @IntRange(min = 1, max = 200) int size, @ForAll @IntRange(min = 1) int most) {
    List<Integer> all = IntStream.range(0, size).boxed().toList();
    List<List<Integer>> parts = MemoryPlan.split(all, most);
    assertThat(parts.stream().flatMap(List::stream)).containsExactlyElementsOf(all);
    assertThat(parts).hasSize((int) Math.ceil(size / (double) most));
    int shortest = parts.stream().mapToInt(List::size).min().orElseThrow();
    int longest = parts.stream().mapToInt(List::size).max().orElseThrow();
    assertThat(longest).isLessThanOrEqualTo(Math.min(most, shortest + 1));
  }
}
