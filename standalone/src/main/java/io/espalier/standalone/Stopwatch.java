package io.espalier.standalone;

/// Measures time, from when it was started.
record Stopwatch(long startedNanos) {

  private static final double NANOS = 1e9;

  static Stopwatch start() {
    return new Stopwatch(System.nanoTime());
  }

  double seconds() {
    return (System.nanoTime() - startedNanos) / NANOS;
  }
}
