package io.espalier.flow.service;

import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/// The threads that run model calls in this process, whoever asks: a call takes one core, and
/// more calls than cores would only slow each other down. Knows how long the oldest call has been
/// running.
@Singleton
public final class ModelThreads {

  private final ExecutorService executor;
  private final int count;
  private final Map<Object, Long> running = new ConcurrentHashMap<>();

  ModelThreads(FlowConfig config) {
    count = config.models().threads().orElseGet(Runtime.getRuntime()::availableProcessors);
    executor = Executors.newFixedThreadPool(count, Thread.ofPlatform().name("model-", 0).factory());
  }

  /// How many calls run at once.
  public int count() {
    return count;
  }

  public ExecutorService executor() {
    return executor;
  }

  /// Makes a model call on the calling thread, under watch.
  public <T> T watched(Supplier<T> call) {
    Object token = new Object();
    running.put(token, System.nanoTime());
    try {
      return call.get();
    } finally {
      running.remove(token);
    }
  }

  /// How long the oldest running call has been running, in nanoseconds; 0 where none is.
  long oldestNanos() {
    long now = System.nanoTime();
    return running.values().stream().mapToLong(began -> now - began).max().orElse(0);
  }

  void stop(@Observes ShutdownEvent event) {
    executor.shutdownNow();
  }
}
