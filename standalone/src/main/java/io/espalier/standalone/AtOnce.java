package io.espalier.standalone;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/// Calls that several clients make at once.
final class AtOnce {

  private AtOnce() {}

  /// Makes calls, each by whichever client is free.
  ///
  /// @param calls gives the call of a number from 0
  /// @return what they gave, in order
  /// @throws CommandException where one of them failed
  static <T> List<T> call(int clients, int count, IntFunction<Callable<T>> calls)
      throws InterruptedException {
    try (ExecutorService threads = Executors.newFixedThreadPool(clients)) {
      List<T> results = new ArrayList<>();
      for (Future<T> each : threads.invokeAll(IntStream.range(0, count).mapToObj(calls).toList())) {
        results.add(each.get());
      }
      return results;
    } catch (ExecutionException e) {
      throw new CommandException("a call failed: " + e.getCause(), e);
    }
  }
}
