package io.espalier.flow.queue;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.espalier.infra.EmbeddedKafka;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Fleets that share a queue on a real broker.
class WorkQueueTest {

  private static final Set<Integer> TWELVE = IntStream.range(0, 12).boxed().collect(toSet());
  private static final List<String> FIRST_THREE = List.of("one", "two", "three");

  @TempDir private static Path folder;
  private static EmbeddedKafka kafka;

  @BeforeAll
  static void start() {
    Awaitility.setDefaultTimeout(Duration.ofMinutes(1));
    kafka = EmbeddedKafka.start(folder, 0);
  }

  @AfterAll
  static void stop() {
    kafka.close();
    Awaitility.reset();
  }

  private static Workers workers(int partitions) {
    return new Workers(kafka.bootstrapServers(), partitions);
  }

  private static List<String> running(Collection<Integer> partitions) {
    return partitions.stream().map(partition -> partition + "/running").toList();
  }

  private static List<String> waiting(Collection<Integer> partitions) {
    return partitions.stream().map(partition -> partition + "/waiting").toList();
  }

  /// Has a record of each partition worked on, and another one wait for that.
  private static void beginOnAll(Workers workers) {
    TWELVE.forEach(partition -> workers.send(partition, partition + "/running"));
    workers.awaitBegun(running(TWELVE));
    TWELVE.forEach(partition -> workers.send(partition, partition + "/waiting"));
    workers.awaitFetched(waiting(TWELVE));
  }

  /// Waits until a fourth worker's share is decided: each of the three has to give a partition up,
  /// and may not before the work on it is done.
  private static Workers.Assignment awaitStaying(Workers workers) {
    return await()
        .until(
            workers::assignment,
            assignment ->
                assignment.partitions().size() == 4
                    && FIRST_THREE.stream().allMatch(name -> assignment.of(name).size() == 3));
  }

  @Test
  void aWorkerThatComesGetsOnlyWhatMovesAndNothingIsDoneTwice() {
    try (Workers workers = workers(12)) {
      FIRST_THREE.forEach(name -> workers.start(name, 4));
      workers.awaitAssignment(3, 4);
      beginOnAll(workers);

      workers.start("four", 4);
      Workers.Assignment staying = awaitStaying(workers);
      Set<Integer> moving = new HashSet<>(TWELVE);
      moving.removeAll(staying.all());
      assertThat(moving).hasSize(3);
      workers.open(running(staying.all()));
      workers.awaitBegun(waiting(staying.all()));
      assertThat(workers.assignment()).isEqualTo(staying);

      workers.open(running(moving));
      assertThat(workers.awaitAssignment(4, 3).of("four")).isEqualTo(moving);
      workers.awaitBegun(waiting(TWELVE));
      workers.open(waiting(TWELVE));
      workers.awaitCommitted(TWELVE, 2);
      assertThat(workers.begun()).allMatch(key -> workers.workersOn(key).size() == 1);
      for (String name : FIRST_THREE) {
        assertThat(running(staying.of(name)))
            .allMatch(key -> workers.workersOn(key).contains(name));
        assertThat(waiting(staying.of(name)))
            .allMatch(key -> workers.workersOn(key).contains(name));
      }
    }
  }

  @Test
  void aWorkerThatStopsFinishesWhatItBeganAndLeavesTheRestToOthers() {
    try (Workers workers = workers(12)) {
      WorkQueue leaving = workers.start("one", 4);
      workers.start("two", 8);
      workers.start("three", 8);
      Workers.Assignment before = workers.awaitAssignment(3, 4);
      TWELVE.forEach(partition -> workers.send(partition, partition + "/running"));
      workers.awaitBegun(running(TWELVE));
      before.of("one").forEach(partition -> workers.send(partition, partition + "/waiting"));
      workers.awaitFetched(waiting(before.of("one")));

      leaving.close();
      CompletableFuture<Boolean> left =
          CompletableFuture.supplyAsync(() -> leaving.leave(Workers.LONG));
      workers.open(running(before.of("one")));
      assertThat(left.join()).isTrue();

      Workers.Assignment after = workers.awaitAssignment(2, 6);
      assertThat(after.of("two")).containsAll(before.of("two"));
      assertThat(after.of("three")).containsAll(before.of("three"));
      workers.awaitBegun(waiting(before.of("one")));
      workers.open(workers.begun());
      workers.awaitCommitted(before.of("one"), 2);
      workers.awaitCommitted(before.of("two"), 1);
      workers.awaitCommitted(before.of("three"), 1);
      assertThat(workers.begun()).allMatch(key -> workers.workersOn(key).size() == 1);
      assertThat(running(before.of("one"))).allMatch(key -> workers.workersOn(key).contains("one"));
      assertThat(waiting(before.of("one")))
          .noneMatch(key -> workers.workersOn(key).contains("one"));
    }
  }

  @Test
  void aWorkerThatStopsWhileNothingCanBeCommittedWaitsUntilItCan() {
    try (Workers workers = workers(12)) {
      WorkQueue leaving = workers.start("one", 4);
      workers.start("two", 4);
      workers.start("three", 4);
      Workers.Assignment before = workers.awaitAssignment(3, 4);
      TWELVE.forEach(partition -> workers.send(partition, partition + "/running"));
      workers.awaitBegun(running(TWELVE));
      workers.start("four", 4);
      Workers.Assignment staying = awaitStaying(workers);
      Set<Integer> given = new HashSet<>(before.of("one"));
      given.removeAll(staying.of("one"));
      workers.open(running(given));
      // The first has given its partition up and waits for the others, which cannot yet.
      await().until(workers::balancing);

      leaving.close();
      workers.open(running(before.of("one")));
      CompletableFuture<Boolean> left =
          CompletableFuture.supplyAsync(() -> leaving.leave(Workers.LONG));
      assertThat(left).isNotDone();
      workers.open(running(TWELVE));
      assertThat(left.join()).isTrue();
      workers.awaitAssignment(3, 4);
      workers.awaitCommitted(TWELVE, 1);
      assertThat(workers.begun()).allMatch(key -> workers.workersOn(key).size() == 1);
    }
  }

  @Test
  void whatWasFinishedOutOfOrderIsNotDoneAgainElsewhere() {
    try (Workers workers = workers(1)) {
      List<String> keys = IntStream.range(0, 10).mapToObj(i -> "job/" + i).toList();
      keys.forEach(key -> workers.send(0, key));
      List<String> finished = keys.subList(4, 8);
      workers.open(finished);
      WorkQueue first = workers.start("first", 10);
      workers.awaitBegun(keys);
      await()
          .until(
              () ->
                  workers
                      .committed(0)
                      .filter(offset -> offset.offset() == 0 && !offset.metadata().isEmpty())
                      .isPresent());
      first.close();
      assertThat(first.leave(Duration.ZERO)).isFalse();
      assertThat(workers.assignment().all()).isEmpty();

      workers.start("second", 10);
      List<String> unfinished = keys.stream().filter(key -> !finished.contains(key)).toList();
      await()
          .until(
              () -> unfinished.stream().allMatch(key -> workers.workersOn(key).contains("second")));
      workers.open(keys);
      workers.awaitCommitted(List.of(0), 10);
      assertThat(finished).allMatch(key -> workers.workersOn(key).equals(List.of("first")));
    }
  }

  @Test
  void workThatTakesTooLongIsDoneAgainWhereItsPartitionGoes() {
    try (Workers workers = workers(2)) {
      workers.start("first", new QueueLimits(2, 100, 1 << 20, Duration.ofMillis(1)));
      workers.send(0, "0/running");
      workers.send(1, "1/running");
      workers.awaitBegun(List.of("0/running", "1/running"));
      workers.start("second", 2);
      int moved = workers.awaitAssignment(2, 1).of("second").iterator().next();
      await().until(() -> workers.workersOn(moved + "/running").size() == 2);
      workers.open(workers.begun());
      workers.awaitCommitted(List.of(0, 1), 1);
      assertThat(workers.workersOn(moved + "/running")).containsExactly("first", "second");
      assertThat(workers.workersOn(1 - moved + "/running")).containsExactly("first");
    }
  }

  @Test
  void aSmallJobIsWorkedOnBesideAHugeOne() {
    try (Workers workers = workers(4)) {
      List<String> huge = IntStream.range(0, 1_000).mapToObj(i -> "huge/" + i).toList();
      for (int i = 0; i < huge.size(); i++) {
        workers.send(i % 4, huge.get(i));
      }
      workers.start("worker", 1);
      workers.awaitFetched(huge);
      workers.send(0, "small/0");
      workers.awaitFetched(List.of("small/0"));
      assertThat(workers.begun()).hasSize(1);

      workers.open(workers.begun());
      await().until(() -> workers.begun().size() == 2);
      workers.open(workers.begun());
      workers.awaitBegun(List.of("small/0"));
      assertThat(workers.begun()).hasSize(3);
    }
  }

  @Test
  void moreThanMayWaitIsFetchedOnceThereIsRoom() {
    try (Workers workers = workers(2)) {
      List<String> keys = IntStream.range(0, 500).mapToObj(i -> "job/" + i).toList();
      keys.forEach(key -> workers.send(0, key));
      workers.start("worker", new QueueLimits(2, 10, 1 << 20, Workers.LONG));
      await().until(() -> workers.begun().size() == 2);
      // The last poll goes beyond the limit by its hundred records at most.
      assertThat(workers.fetched()).hasSizeLessThanOrEqualTo(110);
      workers.open(keys);
      workers.awaitCommitted(List.of(0), 500);
      assertThat(keys).allMatch(key -> workers.workersOn(key).size() == 1);
    }
  }

  @Test
  void workThatFailsIsTriedAgainAndNotCommittedBefore() {
    try (Workers workers = workers(1)) {
      AtomicInteger tries = new AtomicInteger();
      workers.start(
          "worker",
          new QueueLimits(1, 10, 1 << 20, Workers.LONG),
          _ -> {
            if (tries.incrementAndGet() == 1) {
              throw new StackOverflowError("pretended");
            }
          });
      workers.send(0, "job/0");
      workers.awaitCommitted(List.of(0), 1);
      assertThat(tries).hasValue(2);
    }
  }

  @Test
  void aWorkerWhoseNameAnotherTookIsUnhealthyAndComesBackWhenTheOtherIsGone() {
    try (Workers workers = workers(1)) {
      Set<String> done = ConcurrentHashMap.newKeySet();
      QueueLimits limits = new QueueLimits(1, 10, 1 << 20, Workers.LONG);
      Optional<String> name = Optional.of("worker-0");
      WorkQueue first = workers.start("first", name, limits, _ -> done.add("first"));
      workers.awaitAssignment(1, 1);
      WorkQueue second = workers.start("second", name, limits, _ -> done.add("second"));
      await().until(() -> !first.healthy());
      second.close();
      second.leave(Workers.LONG);
      await().until(first::healthy);
      workers.send(0, "job/0");
      await().until(() -> done.equals(Set.of("first")));
    }
  }
}
