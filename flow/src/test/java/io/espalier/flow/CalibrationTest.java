package io.espalier.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.espalier.beam.InvalidSearchException;
import io.espalier.contracts.CatalogEntry;
import io.espalier.contracts.JobRequest;
import io.espalier.contracts.JobSpec;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Where the calibration of a search that stops by confidence comes from.
class CalibrationTest {

  private static final List<List<Double>> POINTS = List.of(List.of(0.0, 0.1), List.of(4.0, 0.9));
  private static final List<List<Double>> OWN = List.of(List.of(1.0, 0.5));

  private static JobSpec spec(
      CatalogEntry.@Nullable CalibrationEntry known,
      String verifier,
      @Nullable Double confidence,
      @Nullable List<List<Double>> calibration) {
    JobSpecs.Catalog catalog =
        new JobSpecs.Catalog() {
          @Override
          public CatalogEntry generator(String name) {
            return new CatalogEntry(
                name,
                "generator",
                "1",
                "d",
                "l",
                "t",
                0,
                new CatalogEntry.GeneratorEntry(
                    List.of(List.of(1, 1)),
                    8,
                    List.of(16, 16),
                    40,
                    List.of(1f),
                    List.of(1f),
                    List.of(1f),
                    known,
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
    JobRequest request =
        new JobRequest(
            "a star",
            "g",
            Map.of(verifier, 1.0),
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            1L,
            null,
            null,
            confidence,
            calibration,
            null,
            null,
            null);
    return JobSpecs.of(request, catalog, () -> 0, null);
  }

  @Test
  void theGeneratorsCalibrationServesTheVerifiersThatItIsFor() {
    var known = new CatalogEntry.CalibrationEntry(Map.of("clip", 1.0), POINTS);

    assertThat(spec(known, "clip", 0.8, null).settings().calibration()).isEqualTo(POINTS);
    assertThat(spec(known, "clip", null, null).settings().calibration()).isNull();
    assertThatThrownBy(() -> spec(known, "vlm", 0.8, null))
        .isInstanceOf(InvalidSearchException.class)
        .hasMessageContaining("is for the verifiers {clip=1.0}");
  }

  @Test
  void theRequestsOwnCalibrationComesFirst() {
    var known = new CatalogEntry.CalibrationEntry(Map.of("clip", 1.0), POINTS);

    assertThat(spec(known, "vlm", 0.8, OWN).settings().calibration()).isEqualTo(OWN);
    assertThat(spec(null, "vlm", 0.8, OWN).settings().calibration()).isEqualTo(OWN);
  }

  @Test
  void aConfidenceWithoutAnyCalibrationIsRefused() {
    assertThatThrownBy(() -> spec(null, "clip", 0.8, null))
        .isInstanceOf(InvalidSearchException.class)
        .hasMessageContaining("the generator has none");
  }

  @Test
  void aCalibrationWithoutAConfidenceIsRefused() {
    assertThatThrownBy(() -> spec(null, "clip", null, OWN))
        .isInstanceOf(InvalidSearchException.class)
        .hasMessageContaining("does nothing without a confidence");
  }
}
