package io.espalier.gateway.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.espalier.beam.InvalidSearchException;
import io.espalier.beam.Strategy;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The field `strategy` of a request: an object with a `type`, or that word alone. The parameters
/// themselves are read by [Strategy#of(Map)], whose words reach the client.
final class StrategyField {

  private static final String NAME = "strategy";
  private static final String FORM =
      "a word such as \"beam\" or an object such as {\"type\": \"beam\", \"width\": 3}";

  private StrategyField() {}

  /// Brings the field to its long form.
  ///
  /// @throws RefusedException where it has none
  static void unfold(ObjectNode document) {
    JsonNode strategy = document.path(NAME);
    if (strategy.isTextual()) {
      document.putObject(NAME).set(Strategy.TYPE, strategy);
    } else if (strategy instanceof ObjectNode object) {
      checkType(object);
      object.properties().forEach(each -> checkParameter(each.getKey(), each.getValue()));
    } else if (!strategy.isMissingNode() && !strategy.isNull()) {
      throw wrong(NAME, strategy, FORM);
    }
  }

  private static void checkType(ObjectNode strategy) {
    if (!strategy.has(Strategy.TYPE)) {
      throw new RefusedException(
          ProblemKind.WRONG_TYPE, "the field 'strategy' has no 'type'; it must be " + FORM);
    }
    if (!strategy.path(Strategy.TYPE).isTextual()) {
      throw wrong("strategy.type", strategy.path(Strategy.TYPE), "a string");
    }
  }

  private static void checkParameter(String name, JsonNode value) {
    boolean taken =
        value.isArray()
            ? value.valueStream().allMatch(JsonNode::isNumber)
            : value.isNumber() || (value.isTextual() && encodable(value.asText()));
    if (!taken) {
      throw wrong("strategy." + name, value, "a number, a word or a list of numbers");
    }
  }

  /// Whether Postgres and Kafka can keep a text.
  static boolean encodable(String text) {
    return text.indexOf('\0') < 0 && StandardCharsets.UTF_8.newEncoder().canEncode(text);
  }

  /// Reads the strategy; a number that was given as a string is not taken for one.
  ///
  /// @throws RefusedException where it makes no sense
  static void check(@Nullable Map<String, Object> strategy) {
    if (strategy == null) {
      return;
    }
    Map<String, Object> read;
    try {
      read = Strategy.of(strategy).plain();
    } catch (InvalidSearchException e) {
      throw new RefusedException(ProblemKind.BAD_STRATEGY, String.valueOf(e.getMessage()));
    }
    strategy.forEach(
        (name, value) -> {
          if (value instanceof String text
              && read.containsKey(name)
              && !(read.get(name) instanceof String)) {
            throw new RefusedException(
                ProblemKind.WRONG_TYPE,
                "the field 'strategy.%s' is \"%s\", but must be a number or a list of numbers"
                    .formatted(name, text));
          }
        });
  }

  private static RefusedException wrong(String field, JsonNode value, String expected) {
    return new RefusedException(
        ProblemKind.WRONG_TYPE,
        "the field '%s' is %s, but must be %s"
            .formatted(field, JobRequests.quoted(value), expected));
  }
}
