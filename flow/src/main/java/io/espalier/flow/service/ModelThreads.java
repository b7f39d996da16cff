package io.espalier.flow.service;

import io.espalier.contracts.ScoreRecord;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/// The threads that run model calls in this process, whoever asks, and nothing else: a call takes
/// one core, and more calls than cores would only slow each other down. Knows how long the oldest
/// call has been running.
@Singleton
public final class ModelThreads {

  private final ExecutorService executor;
  private final int count;
  private final Map<Object, Long> running = new ConcurrentHashMap<>();

  ModelThreads(FlowConfig config) {
    count = config.models().threads().orElseGet(Runtime.getRuntime()::availableProcessors);
    executor = Executors.newFixedThreadPool(count, Thread.ofPlatform().name("model-", 0).factory());
  }

  /// What a call gave, and when it ran, in milliseconds since 1970.
  public record Made<T>(T result, long from, long until) {

    /// The call as scores tell of it.
    ///
    /// @param model whose call it was
    /// @param candidates how many shared it
    public ScoreRecord.Span span(String model, int candidates) {
      return ScoreRecord.Span.of(model, from, until, candidates);
    }
  }

  /// How many calls run at once.
  public int count() {
    return count;
  }

  /// Makes a model call on one of the threads, under watch; waits for it, and for a thread first.
  public <T> Made<T> call(Supplier<T> call) {
    try {
      return CompletableFuture.supplyAsync(() -> watched(call), executor).join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private <T> Made<T> watched(Supplier<T> call) {
    Object token = new Object();
    running.put(token, System.nanoTime());
    long from = System.currentTimeMillis();
    try {
      return new Made<>(call.get(), from, System.currentTimeMillis());
    } finally {
      running.remove(token);
    }
  }

  /// How long the oldest running call has been running, in nanoseconds; 0 where none is.
  long oldestNanos() {
    long now = System.nanoTime();
    return running.values().stream().mapToLong(began -> now - began).max().orElse(0);
  }

  /// After everything that makes calls.
  void stop(@Observes @Priority(Interceptor.Priority.PLATFORM_AFTER) ShutdownEvent event) {
    executor.shutdownNow();
  }
}
