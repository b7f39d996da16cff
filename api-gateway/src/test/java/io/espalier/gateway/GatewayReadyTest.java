package io.espalier.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.junit.jupiter.api.Test;

class GatewayReadyTest {

  private static Background part(String name, boolean healthy) {
    return new Background() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public boolean healthy() {
        return healthy;
      }
    };
  }

  @Test
  void aPartThatNoLongerGoesOnIsNamedAndEndsReadiness() {
    HealthCheckResponse response =
        GatewayReady.of(true, List.of(part("outbox", true), part("sweep", false)));

    assertThat(response.getStatus()).isEqualTo(HealthCheckResponse.Status.DOWN);
    assertThat(response.getData().orElseThrow())
        .containsEntry("outbox", true)
        .containsEntry("sweep", false);
  }

  @Test
  void aGatewayWhosePartsGoOnIsReadyOnceItKnowsTheCatalog() {
    List<Background> parts = List.of(part("outbox", true));

    assertThat(GatewayReady.of(true, parts).getStatus()).isEqualTo(HealthCheckResponse.Status.UP);
    assertThat(GatewayReady.of(false, parts).getStatus())
        .isEqualTo(HealthCheckResponse.Status.DOWN);
  }
}
