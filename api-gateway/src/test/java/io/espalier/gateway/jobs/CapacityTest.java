package io.espalier.gateway.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.espalier.gateway.store.JobQueue;
import io.espalier.gateway.store.JobQueue.Load;
import io.espalier.gateway.store.JobQueue.Queued;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class CapacityTest {

  /// What happens to a queue: a job comes, or one of those that run ends.
  ///
  /// @param size of the job that comes; 0 where one ends
  /// @param which of the running jobs ends
  record Happening(int size, int priority, int which) {}

  /// A queue and what runs, in memory.
  private static final class World implements JobQueue {
    private static final Comparator<Queued> ORDER =
        Comparator.comparingInt(Queued::priority)
            .reversed()
            .thenComparing(Queued::createdAt)
            .thenComparing(Queued::id);

    private final TreeSet<Queued> waiting = new TreeSet<>(ORDER);
    private final TreeSet<Queued> running = new TreeSet<>(ORDER);
    private final Map<UUID, Integer> admittedAt = new HashMap<>();
    private int jobs;

    void submit(int size, int priority) {
      jobs++;
      waiting.add(new Queued(new UUID(0, jobs), priority, Instant.ofEpochSecond(jobs), size));
    }

    void admit(List<UUID> ids) {
      for (UUID id : ids) {
        Queued job =
            waiting.stream().filter(each -> each.id().equals(id)).findFirst().orElseThrow();
        waiting.remove(job);
        running.add(job);
        admittedAt.put(id, jobs);
      }
    }

    @Override
    public Load running(long most) {
      return load(running, most);
    }

    @Override
    public Load runningPast(Queued job, long most) {
      return load(
          running.tailSet(job).stream()
              .filter(
                  each -> admittedAt.getOrDefault(each.id(), 0) >= job.createdAt().getEpochSecond())
              .toList(),
          most);
    }

    private static Load load(Collection<Queued> jobs, long most) {
      return new Load(
          jobs.size(), jobs.stream().mapToLong(each -> Math.min(each.size(), most)).sum());
    }

    @Override
    public List<Queued> first(int limit) {
      return waiting.stream().limit(limit).toList();
    }

    @Override
    public List<Queued> firstBehind(Queued job, long size, int limit) {
      return waiting.tailSet(job, false).stream()
          .filter(each -> each.size() <= size)
          .limit(limit)
          .toList();
    }
  }

  @Provide
  Arbitrary<Happening> happenings() {
    return Combinators.combine(
            Arbitraries.frequencyOf(
                Tuple.of(4, Arbitraries.just(0)),
                Tuple.of(3, Arbitraries.integers().between(1, 5)),
                Tuple.of(1, Arbitraries.integers().between(6, 40)),
                Tuple.of(1, Arbitraries.integers().between(41, 5_000))),
            Arbitraries.frequency(Tuple.of(8, 0), Tuple.of(1, 1), Tuple.of(1, -1)),
            Arbitraries.integers().between(0, 100))
        .as(Happening::new);
  }

  @Property(tries = 300)
  void neverDoesMoreRunAndTheFirstWaitsOnlyForWhatIsAheadOfItOrRanBefore(
      @ForAll @IntRange(min = 1, max = 6) int searches,
      @ForAll @IntRange(min = 1, max = 60) int size,
      @ForAll @Size(min = 100, max = 400) List<@From("happenings") Happening> happenings) {
    Capacity capacity = new Capacity(searches, size);
    World world = new World();
    Map<Queued, Set<Queued>> ranWhenFirst = new HashMap<>();
    for (Happening happening : happenings) {
      if (happening.size() > 0) {
        world.submit(happening.size(), happening.priority());
      } else if (!world.running.isEmpty()) {
        List<Queued> running = List.copyOf(world.running);
        world.running.remove(running.get(happening.which() % running.size()));
      }
      world.admit(capacity.choose(world));

      Load load = world.running(size / 2 + 1);
      assertThat(load.searches()).isLessThanOrEqualTo(searches);
      assertThat(load.size()).isLessThanOrEqualTo(size);
      if (!world.waiting.isEmpty()) {
        Queued first = world.waiting.first();
        ranWhenFirst.keySet().retainAll(Set.of(first));
        Set<Queued> ran = ranWhenFirst.computeIfAbsent(first, _ -> Set.copyOf(world.running));
        assertThat(world.running)
            .anyMatch(job -> ran.contains(job) || World.ORDER.compare(job, first) < 0);
      }
    }
  }

  @Property(tries = 200)
  void jobsThatAreAlikeRunInTheirOrder(
      @ForAll @IntRange(min = 1, max = 6) int searches,
      @ForAll @IntRange(min = 1, max = 60) int size,
      @ForAll @Size(max = 20) List<@IntRange(min = -2, max = 2) Integer> priorities) {
    World world = new World();
    priorities.forEach(priority -> world.submit(3, priority));
    List<UUID> order = world.waiting.stream().map(Queued::id).toList();

    List<UUID> admitted = new ArrayList<>();
    while (!world.waiting.isEmpty()) {
      List<UUID> chosen = new Capacity(searches, size).choose(world);
      admitted.addAll(chosen);
      world.admit(chosen);
      world.running.pollLast();
    }

    assertThat(admitted).isEqualTo(order);
  }
}
