package io.espalier.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.espalier.beam.InvalidSearchException;
import io.espalier.contracts.CatalogEntry;
import io.espalier.contracts.Drawn;
import io.espalier.contracts.JobRequest;
import io.espalier.contracts.JobSpec;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// A generator without prefixes is searched at random alone.
class WholePicturesTest {

  private static final JobSpecs.Catalog CATALOG =
      new JobSpecs.Catalog() {
        @Override
        public CatalogEntry generator(String name) {
          return new CatalogEntry(
              name,
              "diffusion-generator",
              "1",
              "d",
              "l",
              "t",
              0,
              new CatalogEntry.GeneratorEntry(
                  List.of(List.of(8, 8), List.of(8, 8)),
                  CatalogEntry.GeneratorEntry.NO_BITS,
                  List.of(128, 128),
                  400,
                  List.of(3f, 3f),
                  List.of(1f, 1f),
                  List.of(1f, 1f),
                  null,
                  false),
              null);
        }

        @Override
        public CatalogEntry verifier(String name) {
          return new CatalogEntry(
              name,
              "verifier",
              "1",
              "d",
              "l",
              "t",
              0,
              null,
              new CatalogEntry.VerifierEntry("m", 0, 1, false));
        }
      };

  private static JobRequest request(
      String strategy, @Nullable List<Float> guidance, @Nullable List<Float> temperature) {
    return new JobRequest(
        "a star",
        "noise",
        null,
        null,
        Map.of("type", strategy),
        null,
        null,
        null,
        null,
        null,
        guidance,
        temperature,
        null,
        1L,
        null,
        null,
        null,
        null,
        null,
        null,
        null);
  }

  private static void refused(JobRequest request, JobSpec.@Nullable BaseRef base, String words) {
    assertThatThrownBy(() -> JobSpecs.of(request, CATALOG, () -> 0, base))
        .isInstanceOf(InvalidSearchException.class)
        .hasMessageContaining("noise")
        .hasMessageContaining(words);
  }

  @Test
  void randomSearchTakesOneGuidanceForAllSteps() {
    JobSpec spec = JobSpecs.of(request("random", List.of(2f), null), CATALOG, () -> 0, null);

    assertThat(spec.settings().guidance()).containsExactly(2f, 2f);
    assertThat(SearchSpecs.of(spec).schedule().scales()).isEqualTo(2);
  }

  @Test
  void whatNeedsPrefixesOrBitsIsRefused() {
    refused(request("beam", null, null), null, "use the strategy random");
    JobSpec.BaseRef base = new JobSpec.BaseRef("0", new Drawn("bits", "image", "slice", 0));
    refused(request("random", null, null), base, "without a base");
    refused(request("random", null, List.of(0.5f)), null, "neither a temperature nor a top-p");
    refused(request("random", List.of(1f, 2f), null), null, "one guidance for all its steps");
  }
}
