package io.espalier.search;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SearchWorkerBoundsTest {

  private static SearchWorkerConfig of(Map<String, String> properties) {
    return new SmallRyeConfigBuilder()
        .addDiscoveredConverters()
        .withMapping(SearchWorkerConfig.class)
        .withSources(new PropertiesConfigSource(properties, "test", 100))
        .build()
        .getConfigMapping(SearchWorkerConfig.class);
  }

  @Test
  void theDefaultsAreWithinTheirRanges() {
    assertThatCode(() -> SearchWorkerBounds.check(of(Map.of()))).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource({
    "pruning.slice-size, 0",
    "pruning.window, 0",
    "pruning.commit-interval, PT0S",
    "pruning.remembered, PT1S",
    "pruning.threads, 0",
    "pruning.standbys, -1",
    "expansion.concurrency, 0"
  })
  void aSettingOutOfItsRangeIsRefusedByItsName(String name, String value) {
    SearchWorkerConfig config = of(Map.of("espalier.search." + name, value));
    assertThatThrownBy(() -> SearchWorkerBounds.check(config))
        .hasMessageContaining("espalier.search." + name + " is ")
        .hasMessageContaining(", but must be from ");
  }
}
