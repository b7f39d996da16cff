package io.espalier.beam;

import java.util.EnumMap;
import java.util.Map;
import java.util.function.Supplier;

/// Adds up how long model calls take. Any number of threads may call it.
final class ModelClock {

  /// Whose call it is.
  enum Model {
    GENERATOR,
    VERIFIER
  }

  private final long began = System.nanoTime();
  private final Map<Model, Long> nanos = new EnumMap<>(Model.class);
  private long modelNanos;
  private long busySince;
  private int running;

  <T> T time(Model model, Supplier<T> call) {
    long from = begin();
    try {
      return call.get();
    } finally {
      end(model, from);
    }
  }

  private synchronized long begin() {
    long now = System.nanoTime();
    if (running++ == 0) {
      busySince = now;
    }
    return now;
  }

  private synchronized void end(Model model, long from) {
    long now = System.nanoTime();
    nanos.merge(model, now - from, Long::sum);
    if (--running == 0) {
      modelNanos += now - busySince;
    }
  }

  synchronized Timing timing() {
    return new Timing(
        nanos.getOrDefault(Model.GENERATOR, 0L),
        nanos.getOrDefault(Model.VERIFIER, 0L),
        modelNanos,
        System.nanoTime() - began);
  }
}
