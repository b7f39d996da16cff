package io.espalier.beam;

import java.util.Collection;
import java.util.Collections;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/// What a job's owner should know: the first warnings by the alphabet, and how often there were
/// others. Bounded in number and length, and the same whatever order they came in.
///
/// @param kept how often each of them was given
/// @param total how many were given in all
public record Warnings(SortedMap<String, Integer> kept, long total) {

  /// The most that are kept.
  public static final int MOST = 50;

  /// The most characters of one, as code points.
  public static final int LONGEST = 400;

  public static final Warnings NONE = new Warnings(new TreeMap<>(), 0);

  public Warnings {
    kept = Collections.unmodifiableSortedMap(new TreeMap<>(kept));
  }

  Warnings plus(Collection<String> more) {
    if (more.isEmpty()) {
      return this;
    }
    SortedMap<String, Integer> longer = new TreeMap<>(kept);
    more.forEach(warning -> longer.merge(cut(warning), 1, Integer::sum));
    while (longer.size() > MOST) {
      longer.remove(longer.lastKey());
    }
    return new Warnings(longer, total + more.size());
  }

  private static String cut(String warning) {
    return warning.codePointCount(0, warning.length()) <= LONGEST
        ? warning
        : warning.substring(0, warning.offsetByCodePoints(0, LONGEST - 1)) + "…";
  }

  /// The warnings to read, the last of which may say how many are left out.
  public SortedSet<String> texts() {
    SortedSet<String> texts = new TreeSet<>(kept.keySet());
    long rest = total - kept.values().stream().mapToInt(Integer::intValue).sum();
    if (rest > 0) {
      texts.add("… and %d more warnings".formatted(rest));
    }
    return texts;
  }
}
