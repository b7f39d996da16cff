package io.espalier.search.pruning;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import io.espalier.beam.Lineage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;

/// What pruning keeps, as JSON in its state stores.
final class StateCodec {

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .addModule(new Jdk8Module())
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .addMixIn(Lineage.class, LineageAsText.class)
          .build();

  private abstract static class LineageAsText {
    @JsonCreator
    static Lineage parse(String text) {
      return Lineage.parse(text);
    }

    @Override
    @JsonValue
    public abstract String toString();
  }

  private StateCodec() {}

  static <T> Serde<T> serde(Class<T> type) {
    Serializer<T> serializer = (_, value) -> value == null ? null : write(value);
    Deserializer<T> deserializer = (_, bytes) -> bytes == null ? null : read(bytes, type);
    return Serdes.serdeFrom(serializer, deserializer);
  }

  private static byte[] write(Object value) {
    try {
      return MAPPER.writeValueAsBytes(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("plain records can always be written", e);
    }
  }

  private static <T> T read(byte[] bytes, Class<T> type) {
    try {
      return MAPPER.readValue(bytes, type);
    } catch (IOException e) {
      throw new IllegalStateException(
          "the state store holds no %s: %s"
              .formatted(type.getSimpleName(), new String(bytes, StandardCharsets.UTF_8)),
          e);
    }
  }
}
