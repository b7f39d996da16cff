package io.espalier.flow.queue;

import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class FairQueueTest {

  private record Item(int flow, int number) {}

  private final FairQueue<Item> queue = new FairQueue<>(Item::flow);

  private static List<Item> items(List<Integer> flows) {
    return IntStream.range(0, flows.size()).mapToObj(i -> new Item(flows.get(i), i)).toList();
  }

  private List<Item> drained() {
    List<Item> drained = new ArrayList<>();
    while (!queue.isEmpty()) {
      Item next = queue.element();
      assertThat(queue.remove()).isSameAs(next);
      drained.add(next);
    }
    return drained;
  }

  @Property
  void allItemsComeOutAndThoseOfAFlowInTheirOrder(
      @ForAll @Size(max = 50) List<@IntRange(max = 5) Integer> flows) {
    List<Item> items = items(flows);
    items.forEach(queue::add);
    List<Item> drained = drained();
    assertThat(drained).containsExactlyInAnyOrderElementsOf(items);
    for (int flow = 0; flow <= 5; flow++) {
      int each = flow;
      assertThat(drained.stream().filter(item -> item.flow() == each).map(Item::number)).isSorted();
    }
  }

  @Property
  void betweenTwoItemsOfAFlowThereIsOneOfEveryOtherThatWaits(
      @ForAll @Size(max = 50) List<@IntRange(max = 5) Integer> flows) {
    items(flows).forEach(queue::add);
    List<Item> drained = drained();
    for (int from = 0; from < drained.size(); from++) {
      Set<Integer> turn = new HashSet<>();
      int until = from;
      while (until < drained.size() && turn.add(drained.get(until).flow())) {
        until++;
      }
      assertThat(drained.subList(until, drained.size()))
          .allMatch(item -> turn.contains(item.flow()));
    }
  }

  @Property
  void aFlowThatComesWaitsForOneItemOfEachOther(
      @ForAll @Size(min = 1, max = 50) List<@IntRange(max = 5) Integer> flows,
      @ForAll @IntRange(max = 20) int taken) {
    items(flows).forEach(queue::add);
    for (int i = 0; i < Math.min(taken, flows.size()); i++) {
      queue.remove();
    }
    Item late = new Item(6, 0);
    queue.add(late);
    List<Item> drained = drained();
    assertThat(drained.subList(0, drained.indexOf(late)).stream().map(Item::flow))
        .doesNotHaveDuplicates();
  }

  @Property
  void whatIsTakenOutDoesNotComeOutAndTheRestKeepsItsOrder(
      @ForAll @Size(max = 50) List<@IntRange(max = 5) Integer> flows) {
    FairQueue<Item> without = new FairQueue<>(Item::flow);
    for (Item item : items(flows)) {
      queue.add(item);
      if (item.number() % 3 != 0) {
        without.add(item);
      }
    }
    queue.removeIf(item -> item.number() % 3 == 0);
    assertThat(drained().stream().collect(groupingBy(Item::flow)))
        .isEqualTo(
            items(flows).stream()
                .filter(item -> item.number() % 3 != 0)
                .collect(groupingBy(Item::flow)));
  }
}
