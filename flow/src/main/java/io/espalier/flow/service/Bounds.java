package io.espalier.flow.service;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// The ranges of a service's settings, checked when it starts. For one thread.
public final class Bounds {

  private final String prefix;
  private final List<String> violations = new ArrayList<>();

  private Bounds(String prefix) {
    this.prefix = prefix;
  }

  /// Begins with the settings whose names have a prefix, such as `espalier.gateway.`.
  public static Bounds of(String prefix) {
    return new Bounds(prefix);
  }

  /// A number's range, both ends included.
  public Bounds number(String name, long value, long least, long most) {
    if (value < least || value > most) {
      violate(name, Long.toString(value), Long.toString(least), Long.toString(most));
    }
    return this;
  }

  /// A time's range, both ends included.
  public Bounds time(String name, Duration value, Duration least, Duration most) {
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      violate(name, text(value), text(least), text(most));
    }
    return this;
  }

  private void violate(String name, String value, String least, String most) {
    violations.add(
        "%s%s is %s, but must be from %s to %s".formatted(prefix, name, value, least, most));
  }

  /// A time as settings write it.
  private static String text(Duration time) {
    long millis = time.toMillis();
    if (!time.equals(Duration.ofMillis(millis))) {
      return time.toString();
    }
    if (millis % 1000 != 0) {
      return millis + "ms";
    }
    long seconds = millis / 1000;
    if (seconds % 3600 == 0 && seconds != 0) {
      return seconds / 3600 + "h";
    }
    return seconds % 60 == 0 && seconds != 0 ? seconds / 60 + "m" : seconds + "s";
  }

  /// Ends the start where a setting is out of its range.
  ///
  /// @throws IllegalArgumentException with all that are, by their names and ranges
  public void check() {
    if (!violations.isEmpty()) {
      throw new IllegalArgumentException(String.join("; ", violations));
    }
  }
}
