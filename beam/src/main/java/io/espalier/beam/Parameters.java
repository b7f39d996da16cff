package io.espalier.beam;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What somebody gave a strategy, by parameter: numbers, words and lists, or text that reads as
/// such. Every parameter that a strategy has is read once; [#end()] refuses what is left.
final class Parameters {

  private static final String BETWEEN_VALUES = "/";

  private final String type;
  private final Map<String, Object> given;
  private final Set<String> known = new LinkedHashSet<>();

  Parameters(String type, Map<String, ?> given) {
    this.type = type;
    this.given = new LinkedHashMap<>(given);
  }

  /// A whole number.
  int integer(String name, int otherwise) {
    return take(name).map(value -> integerOf(name, value)).orElse(otherwise);
  }

  /// A whole number for all scales, or a list with one for each; as text `8/8/4`.
  ByScale byScale(String name, int otherwise) {
    return take(name)
        .map(value -> new ByScale(integers(name, value)))
        .orElse(ByScale.of(otherwise));
  }

  /// Some scales; none where the parameter is not given.
  List<Integer> scales(String name) {
    List<Integer> scales = take(name).map(value -> integers(name, value)).orElse(List.of());
    Check.that(
        scales.stream().allMatch(scale -> scale > 0),
        "%s of %s is %s, but scales are counted from 1",
        name,
        type,
        scales);
    return scales.stream().distinct().sorted().toList();
  }

  /// A finite number.
  double number(String name, double otherwise) {
    return optionalNumber(name).orElse(otherwise);
  }

  /// A finite number, or none.
  Optional<Double> optionalNumber(String name) {
    return take(name).map(value -> numberOf(name, value));
  }

  /// One of some words, such as the names of an enum in lower case.
  <E extends Enum<E>> E choice(String name, E otherwise) {
    E[] choices = otherwise.getDeclaringClass().getEnumConstants();
    return take(name)
        .map(
            value ->
                Arrays.stream(choices)
                    .filter(choice -> word(choice).equals(value))
                    .findFirst()
                    .orElseThrow(
                        () ->
                            wrong(
                                name,
                                value,
                                Arrays.stream(choices)
                                    .map(Parameters::word)
                                    .collect(Collectors.joining(", ")))))
        .orElse(otherwise);
  }

  String text(String name, String otherwise) {
    return take(name).map(Object::toString).orElse(otherwise);
  }

  static String word(Enum<?> choice) {
    return choice.name().toLowerCase(Locale.ROOT);
  }

  /// Refuses every parameter that was given and that no one has read.
  void end() {
    for (String name : given.keySet()) {
      Check.that(
          known.contains(name),
          "the strategy %s has no parameter '%s'; it has %s",
          type,
          name,
          String.join(", ", known));
    }
  }

  private Optional<Object> take(String name) {
    known.add(name);
    return Optional.ofNullable(given.get(name));
  }

  private List<Integer> integers(String name, Object value) {
    Stream<?> each =
        switch (value) {
          case List<?> list -> list.stream();
          case String text -> Stream.of(text.split(BETWEEN_VALUES, -1));
          default -> Stream.of(value);
        };
    return each.map(one -> integerOf(name, one)).toList();
  }

  private int integerOf(String name, Object value) {
    double number = numberOf(name, value);
    if (number != Math.rint(number) || Math.abs(number) > Integer.MAX_VALUE) {
      throw wrong(name, value, "a whole number of at most " + Integer.MAX_VALUE);
    }
    return (int) number;
  }

  private double numberOf(String name, Object value) {
    try {
      double number =
          value instanceof Number given
              ? given.doubleValue()
              : Double.parseDouble(value.toString());
      if (Double.isFinite(number)) {
        return number;
      }
    } catch (NumberFormatException _) {
      // refused below, like every other value that is no number
    }
    throw wrong(name, value, "a number");
  }

  private InvalidSearchException wrong(String name, Object value, String expected) {
    return new InvalidSearchException(
        "%s of the strategy %s is '%s', but must be %s".formatted(name, type, value, expected));
  }
}
