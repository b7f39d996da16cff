package io.espalier.flow.service;

import io.espalier.contracts.ScoresRecord;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/// The threads that run model calls in this process, whoever asks, and nothing else: a call takes
/// one core or the GPU, and more calls than these would only slow each other down. Knows how long
/// the oldest call has been running. Calls of models that other machines run take none of them.
@Singleton
public final class ModelThreads {

  private final ExecutorService executor;
  private final int count;
  private final Map<Object, Long> running = new ConcurrentHashMap<>();

  @Inject
  ModelThreads(FlowConfig config) {
    this(config.models().threads().orElseGet(() -> fitting(config.models().device())));
  }

  /// Threads for so many calls.
  public ModelThreads(int count) {
    this.count = count;
    executor = Executors.newFixedThreadPool(count, Thread.ofPlatform().name("model-", 0).factory());
  }

  /// How many calls suit a device, where nobody says so: one for each core, and one on a GPU, which
  /// computes one after the other whoever asks, while each holds memory.
  public static int fitting(String device) {
    return device.equals("cpu") ? Runtime.getRuntime().availableProcessors() : 1;
  }

  /// What a call gave, and when it ran, in milliseconds since 1970.
  public record Made<T>(T result, long from, long until) {

    /// The call as scores tell of it.
    ///
    /// @param model whose call it was
    /// @param part the record's part of it, from 0 to 1
    public ScoresRecord.Span span(String model, double part) {
      return ScoresRecord.Span.of(model, from, until, part);
    }
  }

  /// How many calls run at once.
  public int count() {
    return count;
  }

  /// Makes a model call on one of the threads, under watch; waits for it, and for a thread first.
  public <T> Made<T> call(Supplier<T> call) {
    return await(executor, () -> watched(call));
  }

  /// Makes a call of a model that another machine runs on threads that are for it alone; waits
  /// for it, and for a thread first. Nobody watches it: it must end by itself.
  public <T> Made<T> callRemote(Executor threads, Supplier<T> call) {
    return await(threads, () -> timed(call));
  }

  private static <T> Made<T> await(Executor threads, Supplier<Made<T>> call) {
    try {
      return CompletableFuture.supplyAsync(call, threads).join();
    } catch (CompletionException e) {
      throw switch (e.getCause()) {
        case RuntimeException cause -> cause;
        // such as running out of memory: the work is to be given up, not to be tried for ever
        case Error error -> new IllegalStateException("the model call failed: " + error, error);
        case null, default -> e;
      };
    }
  }

  private <T> Made<T> watched(Supplier<T> call) {
    Object token = new Object();
    running.put(token, System.nanoTime());
    try {
      return timed(call);
    } finally {
      running.remove(token);
    }
  }

  private static <T> Made<T> timed(Supplier<T> call) {
    long from = System.currentTimeMillis();
    return new Made<>(call.get(), from, System.currentTimeMillis());
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
