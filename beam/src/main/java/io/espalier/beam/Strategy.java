package io.espalier.beam;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/// How a search grows. A strategy answers three questions, and nothing else does: how many
/// candidates the empty prefix draws, which scored candidates live on with how many offspring
/// each, and what the search can cost at most. It holds no state: what it needs to know of the
/// past is in the [Round].
///
/// Outside of this package a strategy is a tagged value, `{"type": "beam", "width": 3}` or
/// `beam:width=3`; [#of(Map)] and [#plain()] translate, and the defaults are there alone.
public sealed interface Strategy
    permits RandomSearch,
        GreedySearch,
        BeamSearch,
        SequentialMonteCarlo,
        ThresholdSearch,
        BacktrackingSearch {

  /// The key of a strategy's tag in its plain form.
  String TYPE = "type";

  /// The tag, such as `beam`.
  String type();

  /// Every parameter, with its default where it was not given, by name: numbers, words and lists.
  SequencedMap<String, Object> parameters();

  /// How many candidates the origin draws.
  ///
  /// @param scale the first scale, 1 unless the search starts from a base
  int firstDraws(int scale);

  /// Says which candidates live on. Called on the thread that runs the search.
  Selection select(Round round);

  /// The most that a search can cost, without the completion of cut images. What it costs in the
  /// end, if no budget or target ends it early, is this for `random`, `greedy` and a plain
  /// `beam`, and may be less for others.
  Cost bound(SearchSpec spec);

  /// The most candidates that the tree of a search can hold.
  long mostCandidates(int firstScale, int scales);

  /// Whether survivors are expanded; if not, the first candidates are whole images.
  default boolean expands() {
    return true;
  }

  /// Whether candidates of every scale may be expanded in one round.
  default boolean acrossScales() {
    return false;
  }

  /// The verifier whose feature vectors [#select] reads; none where it reads none.
  default List<String> features() {
    return List.of();
  }

  /// Reads a strategy's plain form.
  ///
  /// @throws InvalidSearchException where there is no such strategy, or it cannot take a parameter
  static Strategy of(Map<String, ?> plain) {
    Map<String, Object> parameters = new LinkedHashMap<>(plain);
    String type = String.valueOf(parameters.remove(TYPE));
    Function<Parameters, Strategy> made = StrategyTypes.BY_TAG.get(type);
    if (made == null) {
      throw new InvalidSearchException(
          "the strategy is '%s', but can be %s"
              .formatted(type, String.join(", ", StrategyTypes.BY_TAG.keySet())));
    }
    Parameters given = new Parameters(type, parameters);
    Strategy strategy = made.apply(given);
    given.end();
    return strategy;
  }

  /// The plain form of a text such as `beam`, `beam:width=3,branches=5` or `beam:width=8/4/2`.
  static SequencedMap<String, Object> plain(String text) {
    SequencedMap<String, Object> plain = new LinkedHashMap<>();
    int colon = text.indexOf(':');
    plain.put(TYPE, colon < 0 ? text : text.substring(0, colon));
    if (colon >= 0) {
      for (String parameter : text.substring(colon + 1).split(",", -1)) {
        int equals = parameter.indexOf('=');
        Check.that(
            equals > 0,
            "'%s' is no parameter of a strategy; write it like beam:width=3,branches=5",
            parameter);
        Object before =
            plain.putIfAbsent(
                parameter.substring(0, equals).strip(), parameter.substring(equals + 1).strip());
        Check.that(before == null, "'%s' gives a parameter for the second time", parameter);
      }
    }
    return plain;
  }

  /// This strategy's plain form, which [#of(Map)] reads.
  default SequencedMap<String, Object> plain() {
    SequencedMap<String, Object> plain = new LinkedHashMap<>();
    plain.put(TYPE, type());
    plain.putAll(parameters());
    return plain;
  }

  /// This strategy in a few words, such as `beam(width 3, branches 5)`.
  default String describe() {
    return parameters().entrySet().stream()
        .map(parameter -> parameter.getKey() + " " + text(parameter.getValue()))
        .collect(Collectors.joining(", ", type() + "(", ")"));
  }

  private static String text(Object value) {
    return switch (value) {
      case List<?> list -> list.stream().map(Object::toString).collect(Collectors.joining("/"));
      case Double number when number == Math.rint(number) -> Long.toString(number.longValue());
      default -> value.toString();
    };
  }
}
