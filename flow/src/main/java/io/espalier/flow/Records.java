package io.espalier.flow;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.JobRecord;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Records as JSON documents: the record's fields, its variant as `type`, and a `schema` version.
/// A reader ignores fields that it does not know and refuses a newer schema.
public final class Records {

  static final int SCHEMA = 1;

  private static final String SCHEMA_FIELD = "schema";

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .defaultPropertyInclusion(
              JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
          .annotationIntrospector(new RequiredFields())
          .addMixIn(JobRecord.class, JobVariants.class)
          .addMixIn(JobEvent.class, EventVariants.class)
          .build();

  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = JobRecord.Submitted.class, name = "submitted"),
    @JsonSubTypes.Type(value = JobRecord.Cancelled.class, name = "cancelled")
  })
  private interface JobVariants {}

  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = JobEvent.Started.class, name = "started"),
    @JsonSubTypes.Type(value = JobEvent.Scored.class, name = "scored"),
    @JsonSubTypes.Type(value = JobEvent.Pruned.class, name = "pruned"),
    @JsonSubTypes.Type(value = JobEvent.Rejected.class, name = "rejected"),
    @JsonSubTypes.Type(value = JobEvent.Ended.class, name = "ended")
  })
  private interface EventVariants {}

  private Records() {}

  /// Writes a record as the document that readers of its topic expect.
  public static byte[] write(Object record) {
    try {
      ObjectNode document = MAPPER.createObjectNode().put(SCHEMA_FIELD, SCHEMA);
      document.setAll((ObjectNode) MAPPER.valueToTree(record));
      return MAPPER.writeValueAsBytes(document);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("plain records can always be written", e);
    }
  }

  /// Reads a record.
  ///
  /// @throws UnreadableRecordException where the bytes are no such record
  public static <T> T read(byte @Nullable [] bytes, Class<T> type) {
    if (bytes == null) {
      throw new UnreadableRecordException(
          "no %s: there is no value".formatted(type.getSimpleName()));
    }
    try {
      JsonNode document = MAPPER.readTree(bytes);
      int schema = document.path(SCHEMA_FIELD).asInt(0);
      if (schema < 1 || schema > SCHEMA) {
        throw new UnreadableRecordException(
            "a %s of schema %d cannot be read; this version reads up to %d"
                .formatted(type.getSimpleName(), schema, SCHEMA));
      }
      return MAPPER.treeToValue(document, type);
    } catch (JacksonException e) {
      throw new UnreadableRecordException(
          "no %s: %s".formatted(type.getSimpleName(), e.getOriginalMessage()), e);
    } catch (IOException e) {
      throw new UnreadableRecordException("no " + type.getSimpleName(), e);
    }
  }
}
