package io.espalier.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GatewayConfigTest {

  private static GatewayConfig of(Map<String, String> properties) {
    return new SmallRyeConfigBuilder()
        .addDiscoveredConverters()
        .withMapping(GatewayConfig.class)
        .withSources(new PropertiesConfigSource(properties, "test", 100))
        .build()
        .getConfigMapping(GatewayConfig.class);
  }

  @Test
  void everySettingHasADefault() {
    GatewayConfig config = of(Map.of());

    assertThat(config.running()).isEqualTo(8);
    assertThat(config.largestBody()).isEqualTo(64 * 1024);
    assertThat(config.servedFor()).isEqualTo(Duration.ofSeconds(30));
    assertThat(config.every()).isEqualTo(Duration.ofSeconds(1));
    assertThat(config.longestSearch()).isEqualTo(Duration.ofHours(1));
    assertThat(config.grace()).isEqualTo(Duration.ofMinutes(5));
    assertThat(config.keepCandidates()).isEqualTo(Duration.ofHours(24));
    assertThat(config.sweepEvery()).isEqualTo(Duration.ofMinutes(10));
    assertThat(config.watching().every()).isEqualTo(Duration.ofSeconds(5));
    assertThat(config.watching().heartbeat()).isEqualTo(Duration.ofSeconds(15));
    assertThat(config.watching().gap()).isEqualTo(Duration.ofSeconds(2));
  }

  @Test
  void everySettingHasAName() {
    GatewayConfig config =
        of(
            Map.of(
                "espalier.gateway.running", "1",
                "espalier.gateway.largest-body", "2",
                "espalier.gateway.served-for", "3s",
                "espalier.gateway.every", "4s",
                "espalier.gateway.keep-candidates", "5s",
                "espalier.gateway.sweep-every", "6s",
                "espalier.gateway.watching.every", "7s",
                "espalier.gateway.watching.heartbeat", "8s",
                "espalier.gateway.watching.gap", "9s"));

    assertThat(config.running()).isEqualTo(1);
    assertThat(config.largestBody()).isEqualTo(2);
    assertThat(config.servedFor()).isEqualTo(Duration.ofSeconds(3));
    assertThat(config.every()).isEqualTo(Duration.ofSeconds(4));
    assertThat(config.keepCandidates()).isEqualTo(Duration.ofSeconds(5));
    assertThat(config.sweepEvery()).isEqualTo(Duration.ofSeconds(6));
    assertThat(config.watching().every()).isEqualTo(Duration.ofSeconds(7));
    assertThat(config.watching().heartbeat()).isEqualTo(Duration.ofSeconds(8));
    assertThat(config.watching().gap()).isEqualTo(Duration.ofSeconds(9));
  }
}
