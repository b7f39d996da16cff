package io.espalier.gateway.http;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.type.LogicalType;
import io.espalier.beam.InvalidSearchException;
import io.espalier.contracts.JobRequest;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Reads the body of a request for a job. Nothing is guessed: an unknown field, or one of the wrong
/// type, is refused by its name. Three liberties: one number may stand for a list of numbers, a
/// scale for the word that `depth` is, and a strategy's type for the strategy with its defaults.
final class JobRequests {

  private static final String EXAMPLE = "{\"prompt\": \"a red circle left of a blue square\"}";
  private static final int LONGEST_QUOTE = 40;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.ACCEPT_SINGLE_VALUE_AS_ARRAY)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .withCoercionConfig(
              LogicalType.Textual,
              config ->
                  config
                      .setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                      .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                      .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
          .build();

  private JobRequests() {}

  /// Reads a body to its end.
  ///
  /// @param largest the most bytes that it may have
  /// @throws RefusedException where it is no request
  static JobRequest read(InputStream body, int largest) throws IOException {
    byte[] bytes;
    // Closing reads what is left, so that the client is done with sending and hears the answer.
    try (body) {
      bytes = body.readNBytes(largest + 1);
    }
    if (bytes.length > largest) {
      throw new RefusedException(
          ProblemKind.BODY_TOO_LARGE,
          "the body has more than %d bytes, which no request for a job needs".formatted(largest));
    }
    ObjectNode document = document(bytes);
    if (document.path("depth").isIntegralNumber()) {
      document.put("depth", document.path("depth").asText());
    }
    StrategyField.unfold(document);
    checkInside(document);
    JobRequest request = request(document);
    StrategyField.check(request.strategy());
    checkPrompt(request.prompt());
    return request;
  }

  private static ObjectNode document(byte[] bytes) {
    JsonNode tree;
    try {
      tree = JSON.readTree(bytes);
    } catch (JacksonException e) {
      throw new RefusedException(
          ProblemKind.NOT_JSON,
          "the body is not JSON: %s (line %d, column %d); send an object such as %s"
              .formatted(
                  e.getOriginalMessage(),
                  e.getLocation() == null ? 1 : e.getLocation().getLineNr(),
                  e.getLocation() == null ? 1 : e.getLocation().getColumnNr(),
                  EXAMPLE));
    } catch (IOException e) {
      throw new IllegalStateException("bytes in memory can always be read", e);
    }
    if (tree.isMissingNode()) {
      throw new RefusedException(
          ProblemKind.NOT_JSON, "the body is empty; send an object such as " + EXAMPLE);
    }
    if (tree instanceof ObjectNode object) {
      return object;
    }
    throw new RefusedException(
        ProblemKind.WRONG_TYPE,
        "the body is %s, but must be an object such as %s".formatted(quoted(tree), EXAMPLE));
  }

  /// What is inside a list or an object is there, and a base has both its fields.
  private static void checkInside(ObjectNode document) {
    for (Map.Entry<String, JsonNode> field : document.properties()) {
      if (holdsNull(field.getValue())) {
        throw new RefusedException(
            ProblemKind.WRONG_TYPE,
            "the field '%s' holds a null, where a value must be".formatted(field.getKey()));
      }
    }
    if (document.path("base") instanceof ObjectNode base) {
      for (String field : List.of("jobId", "candidate")) {
        if (!base.has(field)) {
          throw new RefusedException(
              ProblemKind.WRONG_TYPE,
              "the field 'base' has no '%s'; it names a jobId and a candidate of that job"
                  .formatted(field));
        }
      }
    }
  }

  private static boolean holdsNull(JsonNode container) {
    for (JsonNode inside : container) {
      if (inside.isNull() || holdsNull(inside)) {
        return true;
      }
    }
    return false;
  }

  private static JobRequest request(ObjectNode document) {
    try {
      return JSON.treeToValue(document, JobRequest.class);
    } catch (UnrecognizedPropertyException e) {
      throw new RefusedException(
          ProblemKind.UNKNOWN_FIELD,
          "there is no field '%s'; there are: %s"
              .formatted(
                  path(e),
                  e.getKnownPropertyIds().stream()
                      .map(String::valueOf)
                      .sorted()
                      .collect(Collectors.joining(", "))));
    } catch (MismatchedInputException e) {
      throw new RefusedException(
          ProblemKind.WRONG_TYPE,
          "the field '%s' is %s, but must be %s"
              .formatted(path(e), quoted(at(document, e)), expected(path(e), e.getTargetType())));
    } catch (JsonMappingException e) {
      throw new RefusedException(
          ProblemKind.WRONG_TYPE,
          "the field '%s' is %s, which cannot be taken: %s"
              .formatted(path(e), quoted(at(document, e)), e.getOriginalMessage()));
    } catch (JacksonException e) {
      throw new RefusedException(ProblemKind.WRONG_TYPE, e.getOriginalMessage());
    }
  }

  /// Postgres and Kafka keep what Unicode knows as text.
  private static void checkPrompt(@Nullable String prompt) {
    if (prompt != null && !StrategyField.encodable(prompt)) {
      throw new InvalidSearchException(
          "the prompt holds a character that no text can have, such as U+0000 or half of a"
              + " surrogate pair; leave it out");
    }
  }

  private static String path(JsonMappingException e) {
    return e.getPath().stream()
        .map(
            step ->
                step.getFieldName() == null
                    ? "[%d]".formatted(step.getIndex())
                    : step.getFieldName())
        .collect(Collectors.joining("."));
  }

  private static JsonNode at(ObjectNode document, JsonMappingException e) {
    JsonPointer pointer = JsonPointer.empty();
    for (JsonMappingException.Reference step : e.getPath()) {
      pointer =
          step.getFieldName() == null
              ? pointer.appendIndex(Math.max(0, step.getIndex()))
              : pointer.appendProperty(step.getFieldName());
    }
    return document.at(pointer);
  }

  static String quoted(JsonNode node) {
    String text = node.isMissingNode() ? "something else" : node.toString();
    return text.length() <= LONGEST_QUOTE ? text : text.substring(0, LONGEST_QUOTE) + "…";
  }

  private static String expected(String path, @Nullable Class<?> type) {
    if (type == Integer.class || type == Long.class) {
      return "a whole number";
    }
    if (type == Double.class || type == Float.class) {
      return "a number";
    }
    if (type == Boolean.class) {
      return "true or false";
    }
    if (type == String.class) {
      return "a string";
    }
    if (type != null && List.class.isAssignableFrom(type)) {
      return path.startsWith("calibration")
          ? "a list of pairs of a score and a probability"
          : "a list of numbers";
    }
    if (type != null && Map.class.isAssignableFrom(type)) {
      return path.equals("tiers")
          ? "an object of verifiers and how many candidates each sees"
          : "an object of names and weights";
    }
    return "an object with the fields that GET /q/openapi names";
  }
}
