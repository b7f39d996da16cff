package io.espalier.gateway.store;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import io.espalier.flow.Records;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.function.BiConsumer;

/// Rows as one parameter of one statement, which reads them with `json_to_recordset`.
final class JsonRows {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private JsonRows() {}

  /// A JSON array with an object for each element.
  ///
  /// @param fill gives an object its fields
  static <T> String of(Collection<? extends T> elements, BiConsumer<ObjectNode, T> fill) {
    ArrayNode rows = JSON.createArrayNode();
    elements.forEach(element -> fill.accept(rows.addObject(), element));
    return rows.toString();
  }

  /// A record as the value of a field, its own fields in their order.
  static RawValue raw(Object record) {
    return new RawValue(text(record));
  }

  static String text(Object record) {
    return new String(Records.write(record), StandardCharsets.UTF_8);
  }
}
