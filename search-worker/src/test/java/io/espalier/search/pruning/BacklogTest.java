package io.espalier.search.pruning;

import static org.assertj.core.api.Assertions.assertThat;

import io.espalier.beam.Effect;
import io.espalier.beam.Lineage;
import io.espalier.beam.Rendition;
import io.espalier.beam.Slice;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.junit.jupiter.api.Test;

class BacklogTest {

  private static final List<String> VERIFIERS = List.of("clip", "vlm");

  private final KeyValueStore<String, Work> store = store();

  private static KeyValueStore<String, Work> store() {
    KeyValueStore<String, Work> store =
        Stores.keyValueStoreBuilder(
                Stores.inMemoryKeyValueStore("waiting"),
                Serdes.String(),
                StateCodec.serde(Work.class))
            .withLoggingDisabled()
            .build();
    store.init(new MockProcessorContext<Void, Void>().getStateStoreContext(), store);
    return store;
  }

  private long rows() {
    try (KeyValueIterator<String, Work> all = store.all()) {
      long rows = 0;
      for (; all.hasNext(); all.next()) {
        rows++;
      }
      return rows;
    }
  }

  /// Work about candidates that nothing else is about: every third time images to look at.
  private static Work work(int number, int size) {
    Lineage parent = Lineage.root().child(number);
    if (number % 3 > 0) {
      return new Work.Draw(parent, Optional.empty(), 2, 4, 7, size, VERIFIERS);
    }
    List<Work.Look.Image> images = new ArrayList<>();
    for (int branch = 0; branch < size; branch++) {
      images.add(new Work.Look.Image(parent.child(branch), new Rendition("b" + branch, "i")));
    }
    return new Work.Look(images, VERIFIERS);
  }

  private static List<Lineage> candidates(Work work) {
    return switch (work) {
      case Work.Draw draw -> draw.branches().stream().map(draw.parent()::child).toList();
      case Work.Look look -> look.images().stream().map(Work.Look.Image::candidate).toList();
    };
  }

  @Property(tries = 200)
  void whatIsAddedIsTakenOnceAndInItsOrder(
      @ForAll @Size(max = 20) List<@Size(max = 4) List<@IntRange(min = 1, max = 30) Integer>> turns,
      @ForAll @IntRange(min = 1, max = 7) int most,
      @ForAll @IntRange(min = 0, max = 12) int each) {
    List<Lineage> added = new ArrayList<>();
    List<Lineage> taken = new ArrayList<>();
    int works = 0;
    Backlog.Waiting waiting = Backlog.Waiting.NONE;
    for (List<Integer> sizes : turns) {
      List<Work> more = new ArrayList<>();
      for (int size : sizes) {
        more.add(work(works++, size));
      }
      more.forEach(work -> added.addAll(candidates(work)));
      waiting = turn(waiting, more, most, each, taken);
      assertThat(waiting.candidates()).isEqualTo(added.size() - taken.size());
    }
    waiting = turn(waiting, List.of(), most, Integer.MAX_VALUE, taken);

    assertThat(taken).isEqualTo(added);
    assertThat(waiting).isEqualTo(Backlog.Waiting.NONE);
    assertThat(rows()).isZero();
  }

  /// A turn as pruning takes it: adds, takes some parts, and stores the rest.
  private Backlog.Waiting turn(
      Backlog.Waiting before, List<Work> more, int most, int parts, List<Lineage> taken) {
    Backlog backlog = new Backlog(store, "job", before);
    backlog.add(more);
    for (int i = 0; i < parts && backlog.candidates() > 0; i++) {
      Work part = backlog.take(most);
      assertThat(part.size()).isBetween(1, most);
      assertThat(candidates(part)).hasSize(part.size());
      taken.addAll(candidates(part));
    }
    return backlog.store();
  }

  @Test
  void aJobsWorkGoesWithoutThatOfAnother() {
    Backlog one = new Backlog(store, "1", Backlog.Waiting.NONE);
    one.add(List.of(work(0, 3), work(1, 3)));
    assertThat(one.store().candidates()).isEqualTo(6);
    Backlog other = new Backlog(store, "10", Backlog.Waiting.NONE);
    other.add(List.of(work(1, 3)));
    assertThat(other.store().candidates()).isEqualTo(3);

    one.deleteAll();

    assertThat(rows()).isEqualTo(1);
    assertThat(store.get("10/0")).isEqualTo(work(1, 3));
  }

  @Test
  void branchesAreKeptAsRangesWhateverTheyAre() {
    Slice slice =
        new Slice(
            Lineage.parse("3"),
            Optional.of(new Rendition("b", "i")),
            2,
            7,
            List.of(0, 1, 2, 9, Lineage.CARRY));

    List<Work> work = Work.of(List.of(new Effect.Expand(slice, VERIFIERS)), 5);

    assertThat(work).hasSize(3).allMatch(each -> each instanceof Work.Draw);
    assertThat(work.stream().flatMap(each -> candidates(each).stream()))
        .isEqualTo(slice.candidates());
    assertThat(((Work.Draw) work.getFirst()).prefix()).isEqualTo(slice.prefix());
  }

  @Test
  void allVerifiersOfATierLookAtAnImageTogether() {
    Rendition rendition = new Rendition("b", "i");
    SequencedMap<Lineage, Rendition> all = new LinkedHashMap<>();
    for (String lineage : List.of("0", "1", "2", "3")) {
      all.put(Lineage.parse(lineage), rendition);
    }
    SequencedMap<Lineage, Rendition> some = new LinkedHashMap<>(all);
    some.remove(Lineage.parse("1"));

    List<Work> work =
        Work.of(List.of(new Effect.Verify("clip", all), new Effect.Verify("vlm", some)), 2);

    assertThat(work)
        .containsExactly(
            look(VERIFIERS, "0", "2"), look(VERIFIERS, "3"), look(List.of("clip"), "1"));
  }

  private static Work look(List<String> verifiers, String... candidates) {
    Rendition rendition = new Rendition("b", "i");
    return new Work.Look(
        List.of(candidates).stream()
            .map(each -> new Work.Look.Image(Lineage.parse(each), rendition))
            .toList(),
        verifiers);
  }
}
