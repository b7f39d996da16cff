package io.espalier.flow.queue;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.function.Predicate;

/// A queue of items of several flows, which take turns: a flow gives its oldest item and then waits
/// until every other flow has given one. So however many items a flow has, one of another waits for
/// one of them at most. Not thread-safe.
public final class FairQueue<T> {

  private final Function<? super T, ?> flow;
  private final SequencedMap<Object, Deque<T>> flows = new LinkedHashMap<>();

  /// Makes an empty queue.
  ///
  /// @param flow which flow an item belongs to
  public FairQueue(Function<? super T, ?> flow) {
    this.flow = flow;
  }

  /// Adds an item behind those of its flow. A flow that had none comes after all others.
  public void add(T item) {
    flows.computeIfAbsent(flow.apply(item), _ -> new ArrayDeque<>()).add(item);
  }

  public boolean isEmpty() {
    return flows.isEmpty();
  }

  /// The item that would be removed next.
  ///
  /// @throws java.util.NoSuchElementException where the queue is empty
  public T element() {
    return flows.sequencedValues().getFirst().element();
  }

  /// Takes the next item.
  ///
  /// @throws java.util.NoSuchElementException where the queue is empty
  public T remove() {
    Map.Entry<Object, Deque<T>> first = flows.sequencedEntrySet().removeFirst();
    Deque<T> items = first.getValue();
    T item = items.remove();
    if (!items.isEmpty()) {
      flows.put(first.getKey(), items);
    }
    return item;
  }

  /// Takes out all items that match.
  public void removeIf(Predicate<? super T> gone) {
    flows
        .values()
        .removeIf(
            items -> {
              items.removeIf(gone);
              return items.isEmpty();
            });
  }
}
