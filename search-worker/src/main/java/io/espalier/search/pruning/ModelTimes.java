package io.espalier.search.pruning;

import io.espalier.beam.Timing;
import io.espalier.contracts.ScoresRecord.Span;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// How long a job's model calls took: all of them added up, and when at least one was running.
///
/// @param busy when at least one call was running: apart from each other, in order
record ModelTimes(double generatorMillis, double verifierMillis, List<Interval> busy) {

  static final ModelTimes NONE = new ModelTimes(0, 0, List.of());

  /// Milliseconds since 1970.
  record Interval(long from, long until) {}

  ModelTimes {
    busy = List.copyOf(busy);
  }

  ModelTimes plus(List<Span> spans) {
    double generator = generatorMillis;
    double verifier = verifierMillis;
    List<Interval> all = new ArrayList<>(busy);
    for (Span span : spans) {
      switch (span.model()) {
        case Span.GENERATOR -> generator += span.share();
        case Span.VERIFIER -> verifier += span.share();
        default -> {
          continue; // no model call
        }
      }
      all.add(new Interval(span.from(), span.until()));
    }
    return new ModelTimes(generator, verifier, joined(all));
  }

  private static List<Interval> joined(List<Interval> intervals) {
    intervals.sort(Comparator.comparingLong(Interval::from));
    List<Interval> joined = new ArrayList<>();
    for (Interval next : intervals) {
      Interval last = joined.isEmpty() ? null : joined.getLast();
      if (last != null && next.from() <= last.until()) {
        joined.set(
            joined.size() - 1, new Interval(last.from(), Math.max(last.until(), next.until())));
      } else {
        joined.add(next);
      }
    }
    return joined;
  }

  /// The times of a job that took so long in all.
  Timing timing(long wallMillis) {
    long model = busy.stream().mapToLong(each -> each.until() - each.from()).sum();
    return new Timing(
        nanos(generatorMillis),
        nanos(verifierMillis),
        TimeUnit.MILLISECONDS.toNanos(model),
        TimeUnit.MILLISECONDS.toNanos(wallMillis));
  }

  private static long nanos(double millis) {
    return (long) (millis * TimeUnit.MILLISECONDS.toNanos(1));
  }
}
