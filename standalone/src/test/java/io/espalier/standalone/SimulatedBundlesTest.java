package io.espalier.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.espalier.beam.Lineage;
import io.espalier.beam.Slice;
import io.espalier.models.Bundles;
import io.espalier.models.SimulatedGenerator;
import io.espalier.models.SimulatedVerifier;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The simulated H200, as `docs/bundles.md` describes it.
class SimulatedBundlesTest {

  private static final int SCALES = 13;

  @TempDir private Path folder;

  @Test
  void itDrawsInTheTimesThatTheDocumentationSays() {
    SimulatedBundles.install(folder);
    for (String name : List.of(SimulatedBundles.GENERATOR, SimulatedBundles.THUMBNAILS)) {
      SimulatedGenerator generator = new SimulatedGenerator(new Bundles(folder).open(name));
      assertThat(generator.seconds(slice(1, 1))).isCloseTo(0.80, within(0.001));
      assertThat(generator.seconds(slice(1, 5))).isCloseTo(3.40, within(0.001));
      assertThat(generator.seconds(slice(1, 11))).isCloseTo(7.30, within(0.001));
      assertThat(generator.seconds(slice(SCALES, 4))).isCloseTo(1.69, within(0.005));
    }
  }

  @Test
  void everyVerifierIsThere() {
    SimulatedBundles.install(folder);
    assertThat(SimulatedBundles.VERIFIERS)
        .hasSize(4)
        .allSatisfy(
            name ->
                assertThat(new SimulatedVerifier(name, new Bundles(folder).open(name)).seconds(5))
                    .isBetween(0.02, 0.025));
  }

  private static Slice slice(int scale, int branches) {
    return new Slice(
        Lineage.root(),
        Optional.empty(),
        scale,
        SCALES,
        IntStream.range(0, branches).boxed().toList());
  }
}
