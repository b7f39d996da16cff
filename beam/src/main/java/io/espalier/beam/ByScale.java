package io.espalier.beam;

import java.util.List;

/// A whole number for each scale, from scale 1 on. Beyond the end of the list its last value holds,
/// so a single value holds everywhere.
public record ByScale(List<Integer> values) {

  public ByScale {
    values = List.copyOf(values);
    Check.that(!values.isEmpty(), "a list of values by scale is empty; give one value at least");
  }

  /// The same value at every scale, or one for each.
  public static ByScale of(Integer... values) {
    return new ByScale(List.of(values));
  }

  /// The value at a scale, from 1.
  public int at(int scale) {
    return values.get(Math.min(scale, values.size()) - 1);
  }

  /// The largest value of the scales `first..last`.
  int most(int first, int last) {
    int most = at(first);
    for (int scale = first; scale <= last; scale++) {
      most = Math.max(most, at(scale));
    }
    return most;
  }

  boolean atLeast(int least) {
    return values.stream().allMatch(value -> value >= least);
  }

  /// The number, or the list where there are several.
  public Object plain() {
    return values.size() == 1 ? values.getFirst() : values;
  }

  @Override
  public String toString() {
    return plain().toString();
  }
}
