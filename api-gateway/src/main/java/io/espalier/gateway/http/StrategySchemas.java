package io.espalier.gateway.http;

import io.espalier.beam.Strategy;
import io.quarkus.smallrye.openapi.OpenApiFilter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.media.Schema;
import org.eclipse.microprofile.openapi.models.media.Schema.SchemaType;

/// Describes every strategy in the OpenAPI document: its parameters here, their defaults by asking
/// the strategy itself.
@OpenApiFilter(stages = OpenApiFilter.RunStage.RUNTIME_STARTUP)
public class StrategySchemas implements OASFilter {

  private static final String ANY = "Strategy";

  /// A strategy's parameter.
  private record Parameter(String name, Kind kind, String meaning) {}

  /// What a parameter takes.
  private enum Kind {
    COUNT,
    BY_SCALE,
    SCALES,
    NUMBER,
    POTENTIAL,
    WORD
  }

  private static final Map<String, List<Parameter>> PARAMETERS = parameters();

  private static SequencedMap<String, List<Parameter>> parameters() {
    SequencedMap<String, List<Parameter>> all = new LinkedHashMap<>();
    all.put("random", List.of(new Parameter("images", Kind.COUNT, "Independent images")));
    all.put("greedy", List.of(new Parameter("branches", Kind.COUNT, "Branches at each scale")));
    all.put(
        "beam",
        List.of(
            new Parameter("width", Kind.BY_SCALE, "Hypotheses that are kept"),
            new Parameter("branches", Kind.BY_SCALE, "Branches of each hypothesis"),
            new Parameter("perParent", Kind.COUNT, "At most so many of one parent; 0 for any"),
            new Parameter("spread", Kind.SCALES, "Scales where hypotheses are chosen for spread"),
            new Parameter("features", Kind.WORD, "The verifier whose features say how far apart")));
    all.put(
        "smc",
        List.of(
            new Parameter("particles", Kind.BY_SCALE, "How many prefixes there are"),
            new Parameter("lambda", Kind.NUMBER, "How much a score counts; 0 for not at all"),
            new Parameter("potential", Kind.POTENTIAL, "What of its scores a prefix is weighed by"),
            new Parameter("at", Kind.SCALES, "Scales after which to resample; all if absent")));
    all.put(
        "threshold",
        List.of(
            new Parameter("width", Kind.BY_SCALE, "Hypotheses that are kept"),
            new Parameter("draws", Kind.BY_SCALE, "What a scale may draw by itself"),
            new Parameter("wave", Kind.COUNT, "Draws between two looks at the scores"),
            new Parameter(
                "threshold",
                Kind.NUMBER,
                "The score that ends a scale; if absent, more than the best one before")));
    all.put(
        "backtracking",
        List.of(
            new Parameter("width", Kind.COUNT, "Candidates that are expanded in a round"),
            new Parameter("branches", Kind.COUNT, "Branches of each"),
            new Parameter("rounds", Kind.COUNT, "Rounds; 0 for as many as there are scales")));
    return all;
  }

  @Override
  public void filterOpenAPI(OpenAPI document) {
    if (document.getComponents() == null || document.getComponents().getSchemas() == null) {
      return;
    }
    Schema any =
        OASFactory.createSchema()
            .description("How a search grows: a type and its parameters, each with a default.");
    PARAMETERS.forEach(
        (tag, parameters) -> {
          String name = ANY + "." + tag;
          document.getComponents().addSchema(name, schema(tag, parameters));
          any.addOneOf(reference(name));
        });
    document.getComponents().addSchema(ANY, any);
    replace(
        document,
        "JobRequest",
        OASFactory.createSchema()
            .description("How to search: a strategy, or its type alone for the defaults.")
            .addOneOf(
                OASFactory.createSchema()
                    .addType(SchemaType.STRING)
                    .enumeration(List.copyOf(PARAMETERS.keySet())))
            .addOneOf(reference(ANY))
            .examples(List.of("beam", Strategy.of(Map.of(Strategy.TYPE, "beam")).plain())));
    replace(document, "Settings", reference(ANY));
  }

  private static void replace(OpenAPI document, String owner, Schema strategy) {
    Schema schema = document.getComponents().getSchemas().get(owner);
    if (schema != null) {
      schema.addProperty("strategy", strategy);
    }
  }

  private static Schema reference(String name) {
    return OASFactory.createSchema().ref("#/components/schemas/" + name);
  }

  private static Schema schema(String tag, List<Parameter> parameters) {
    SequencedMap<String, Object> defaults = Strategy.of(Map.of(Strategy.TYPE, tag)).plain();
    Schema schema =
        OASFactory.createSchema()
            .addType(SchemaType.OBJECT)
            .addRequired(Strategy.TYPE)
            .additionalPropertiesSchema(OASFactory.createSchema().booleanSchema(false))
            .examples(List.of(defaults));
    schema.addProperty(
        Strategy.TYPE,
        OASFactory.createSchema().addType(SchemaType.STRING).enumeration(List.of(tag)));
    for (Parameter parameter : parameters) {
      Schema value = schema(parameter.kind()).description(parameter.meaning());
      Object otherwise = defaults.get(parameter.name());
      schema.addProperty(
          parameter.name(), otherwise == null ? value : value.defaultValue(otherwise));
    }
    return schema;
  }

  private static Schema schema(Kind kind) {
    Schema schema = OASFactory.createSchema();
    return switch (kind) {
      case COUNT -> schema.addType(SchemaType.INTEGER);
      case BY_SCALE -> schema.addOneOf(schema(Kind.COUNT)).addOneOf(schema(Kind.SCALES));
      case SCALES -> schema.addType(SchemaType.ARRAY).items(schema(Kind.COUNT));
      case NUMBER -> schema.addType(SchemaType.NUMBER);
      case POTENTIAL ->
          schema
              .addType(SchemaType.STRING)
              .enumeration(List.of("value", "max", "difference", "sum"));
      case WORD -> schema.addType(SchemaType.STRING);
    };
  }
}
