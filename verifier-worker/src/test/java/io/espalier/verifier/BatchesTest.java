package io.espalier.verifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BatchesTest {

  private static final Duration DELAY = Duration.ofMillis(1);

  private final List<List<Integer>> worked = Collections.synchronizedList(new ArrayList<>());

  @Test
  void everyItemIsWorkedOnOnceInBatchesOfAtMostTheSize() throws Exception {
    Batches<Integer> batches = new Batches<>(7, _ -> 1, _ -> 0, DELAY, 2, worked::add);
    List<Integer> items = IntStream.range(0, 500).boxed().toList();
    List<Future<?>> done = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      items.forEach(item -> done.add(threads.submit(() -> batches.work(item))));
    }
    for (Future<?> each : done) {
      each.get();
    }
    assertThat(worked).allMatch(batch -> !batch.isEmpty() && batch.size() <= 7);
    assertThat(worked.stream().flatMap(List::stream)).containsExactlyInAnyOrderElementsOf(items);
  }

  @Test
  void whileAllTurnsAreTakenItemsGather() throws Exception {
    CountDownLatch first = new CountDownLatch(1);
    AtomicInteger arrived = new AtomicInteger();
    Batches<Integer> batches =
        new Batches<>(
            100,
            _ -> 1,
            _ -> 0,
            DELAY,
            1,
            batch -> {
              worked.add(batch);
              await().until(() -> first.getCount() == 0);
            });
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> held = threads.submit(() -> batches.work(-1));
      await().until(() -> worked.size() == 1);
      List<Future<?>> others = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        int item = i;
        others.add(
            threads.submit(
                () -> {
                  arrived.incrementAndGet();
                  batches.work(item);
                }));
      }
      await().until(() -> arrived.get() == 20);
      first.countDown();
      held.get();
      for (Future<?> other : others) {
        other.get();
      }
    }
    assertThat(worked).hasSizeLessThan(21);
  }

  @Test
  void aBatchThatFailsFailsForItsItemsAlone() {
    AtomicInteger calls = new AtomicInteger();
    Batches<Integer> batches =
        new Batches<>(
            4,
            _ -> 1,
            _ -> 0,
            DELAY,
            1,
            _ -> {
              if (calls.incrementAndGet() == 1) {
                throw new IllegalStateException("no");
              }
            });

    assertThatThrownBy(() -> batches.work(1))
        .isInstanceOf(CompletionException.class)
        .hasRootCauseMessage("no");
    batches.work(2);
    assertThat(calls).hasValue(2);
  }

  @Test
  void aBatchWeighsNoMoreThanItsSizeUnlessOneItemDoes() throws Exception {
    Batches<Integer> batches = new Batches<>(7, item -> item, _ -> 0, DELAY, 2, worked::add);
    List<Integer> items = IntStream.range(0, 200).map(i -> 1 + i % 9).boxed().toList();
    List<Future<?>> done = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      items.forEach(item -> done.add(threads.submit(() -> batches.work(item))));
    }
    for (Future<?> each : done) {
      each.get();
    }
    assertThat(worked)
        .allMatch(
            batch -> batch.size() == 1 || batch.stream().mapToInt(Integer::intValue).sum() <= 7);
    assertThat(worked.stream().flatMap(List::stream)).containsExactlyInAnyOrderElementsOf(items);
  }

  @Test
  void aFlowWithOneItemIsInTheNextBatchHoweverManyAnotherHas() throws Exception {
    CountDownLatch first = new CountDownLatch(1);
    Batches<Integer> batches =
        new Batches<>(
            4,
            _ -> 1,
            item -> item < 0,
            DELAY,
            1,
            batch -> {
              worked.add(batch);
              await().until(() -> first.getCount() == 0);
            });
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> done = new ArrayList<>();
      done.add(threads.submit(() -> batches.work(0)));
      await().until(() -> worked.size() == 1);
      IntStream.range(1, 40).forEach(item -> done.add(threads.submit(() -> batches.work(item))));
      await().until(() -> batches.waiting() == 39);
      done.add(threads.submit(() -> batches.work(-1)));
      await().until(() -> batches.waiting() == 40);
      first.countDown();
      for (Future<?> each : done) {
        each.get();
      }
    }
    assertThat(worked.get(1)).contains(-1);
  }
}
