package io.espalier.flow.service;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.runtime.configuration.MemorySizeConverter;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FlowBoundsTest {

  private static FlowConfig of(Map<String, String> properties) {
    return new SmallRyeConfigBuilder()
        .addDiscoveredConverters()
        .withConverter(MemorySize.class, 200, new MemorySizeConverter())
        .withMapping(FlowConfig.class)
        .withSources(new PropertiesConfigSource(properties, "test", 100))
        .build()
        .getConfigMapping(FlowConfig.class);
  }

  @Test
  void theDefaultsAreWithinTheirRanges() {
    assertThatCode(() -> FlowBounds.check(of(Map.of()))).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource({
    "topics.job-partitions, 0",
    "topics.work-partitions, -1",
    "topics.replication, 0",
    "queues.waiting, 0",
    "queues.waiting-bytes, 0",
    "queues.handover, PT5M",
    "artifacts.patience, PT0S",
    "artifacts.requests-at-once, 0",
    "models.threads, 0",
    "models.memory, 0",
    "models.longest-call, PT0.001S"
  })
  void aSettingOutOfItsRangeIsRefusedByItsName(String name, String value) {
    FlowConfig config = of(Map.of("espalier." + name, value));
    assertThatThrownBy(() -> FlowBounds.check(config))
        .hasMessageContaining("espalier." + name + " is ")
        .hasMessageContaining(", but must be from ");
  }
}
