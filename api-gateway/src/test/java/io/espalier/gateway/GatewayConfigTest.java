package io.espalier.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

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
    assertThat(config.averageSize()).isEqualTo(150);
    assertThat(config.largestBody()).isEqualTo(64 * 1024);
    assertThat(config.servedFor()).isEqualTo(Duration.ofSeconds(30));
    assertThat(config.every()).isEqualTo(Duration.ofSeconds(1));
    assertThat(config.longestSearch()).isEqualTo(Duration.ofHours(1));
    assertThat(config.grace()).isEqualTo(Duration.ofMinutes(5));
    assertThat(config.keepCandidates()).isEqualTo(Duration.ofHours(24));
    assertThat(config.keepJobs()).isEmpty();
    assertThat(config.lateWork()).isEqualTo(Duration.ofHours(1));
    assertThat(config.sweepEvery()).isEqualTo(Duration.ofMinutes(10));
    assertThat(config.watching().every()).isEqualTo(Duration.ofSeconds(5));
    assertThat(config.watching().heartbeat()).isEqualTo(Duration.ofSeconds(15));
    assertThat(config.watching().gap()).isEqualTo(Duration.ofSeconds(2));
  }

  /// Every setting that is a number or a time, by its name.
  static Stream<Method> settings() {
    return Stream.of(GatewayConfig.class, GatewayConfig.Watching.class)
        .flatMap(type -> Stream.of(type.getDeclaredMethods()))
        .filter(method -> !method.getReturnType().equals(GatewayConfig.Watching.class));
  }

  private static String name(Method setting) {
    String prefix =
        setting.getDeclaringClass().equals(GatewayConfig.class)
            ? "espalier.gateway."
            : "espalier.gateway.watching.";
    return prefix + setting.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
  }

  @ParameterizedTest
  @MethodSource("settings")
  void everySettingHasARangeThatIsCheckedAtTheStart(Method setting) {
    boolean number = setting.getReturnType().equals(int.class);
    for (String value : number ? List.of("-1", "2000000000") : List.of("PT-1S", "P99999D")) {
      GatewayConfig config = of(Map.of(name(setting), value));
      assertThatThrownBy(() -> GatewayBounds.check(config))
          .hasMessageContaining(name(setting) + " is ")
          .hasMessageContaining(", but must be from ");
    }
  }

  @Test
  void aSettingOutOfItsRangeIsToldAsSettingsAreWritten() {
    GatewayConfig config =
        of(Map.of("espalier.gateway.every", "0s", "espalier.gateway.running", "0"));

    assertThatThrownBy(() -> GatewayBounds.check(config))
        .hasMessage(
            "espalier.gateway.running is 0, but must be from 1 to 100000;"
                + " espalier.gateway.every is 0s, but must be from 10ms to 1m");
  }

  @Test
  void theDefaultsAreWithinTheirRanges() {
    assertThatCode(() -> GatewayBounds.check(of(Map.of()))).doesNotThrowAnyException();
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
    GatewayConfig more =
        of(
            Map.of(
                "espalier.gateway.average-size", "5",
                "espalier.gateway.longest-search", "1s",
                "espalier.gateway.grace", "2s",
                "espalier.gateway.keep-jobs", "3s",
                "espalier.gateway.late-work", "4s"));

    assertThat(config.running()).isEqualTo(1);
    assertThat(config.largestBody()).isEqualTo(2);
    assertThat(config.servedFor()).isEqualTo(Duration.ofSeconds(3));
    assertThat(config.every()).isEqualTo(Duration.ofSeconds(4));
    assertThat(config.keepCandidates()).isEqualTo(Duration.ofSeconds(5));
    assertThat(config.sweepEvery()).isEqualTo(Duration.ofSeconds(6));
    assertThat(config.watching().every()).isEqualTo(Duration.ofSeconds(7));
    assertThat(config.watching().heartbeat()).isEqualTo(Duration.ofSeconds(8));
    assertThat(config.watching().gap()).isEqualTo(Duration.ofSeconds(9));
    assertThat(more.averageSize()).isEqualTo(5);
    assertThat(more.longestSearch()).isEqualTo(Duration.ofSeconds(1));
    assertThat(more.grace()).isEqualTo(Duration.ofSeconds(2));
    assertThat(more.keepJobs()).contains(Duration.ofSeconds(3));
    assertThat(more.lateWork()).isEqualTo(Duration.ofSeconds(4));
  }
}
