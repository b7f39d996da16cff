package io.espalier.flow.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.junit.jupiter.api.Test;

class PartitionProgressTest {

  private static final OffsetAndMetadata BEGINNING = new OffsetAndMetadata(0);

  /// A partition's records and the order in which some of them are finished.
  ///
  /// @param offsets rising, with gaps
  /// @param end where the next record will be
  record History(List<Long> offsets, List<Long> finished, long end) {}

  @Provide
  Arbitrary<History> histories() {
    Arbitrary<TreeSet<Long>> offsets =
        Arbitraries.longs().between(0, 60).set().ofMaxSize(40).map(TreeSet::new);
    return offsets.flatMap(
        all ->
            Combinators.combine(
                    Arbitraries.shuffle(List.copyOf(all)),
                    Arbitraries.integers().between(0, all.size()),
                    Arbitraries.longs().between(1, 5))
                .as(
                    (order, count, gap) ->
                        new History(
                            List.copyOf(all),
                            order.subList(0, count),
                            (all.isEmpty() ? 0 : all.last()) + gap)));
  }

  private static PartitionProgress fetched(History history) {
    PartitionProgress progress = new PartitionProgress(BEGINNING);
    history.offsets().forEach(progress::fetched);
    progress.fetchedUpTo(history.end());
    return progress;
  }

  @Property
  void theOldestUnfinishedRecordIsCommittedWhateverTheOrder(@ForAll("histories") History history) {
    PartitionProgress progress = fetched(history);
    Set<Long> unfinished = new TreeSet<>(history.offsets());
    OffsetAndMetadata committed = BEGINNING;
    for (long offset : history.finished()) {
      progress.finish(offset);
      unfinished.remove(offset);
      committed = progress.uncommitted().orElse(committed);
      progress.committed(committed);
      assertThat(committed.offset())
          .isEqualTo(unfinished.stream().min(Long::compare).orElse(history.end()));
      assertThat(progress.uncommitted()).isEmpty();
    }
  }

  @Property
  void theNextOwnerDoesWhatIsUnfinishedAndNothingElse(@ForAll("histories") History history) {
    PartitionProgress progress = fetched(history);
    history.finished().forEach(progress::finish);
    OffsetAndMetadata committed = progress.uncommitted().orElse(BEGINNING);

    PartitionProgress next = new PartitionProgress(committed);
    Set<Long> expected = new TreeSet<>(history.offsets());
    expected.removeAll(new HashSet<>(history.finished()));
    assertThat(
            history.offsets().stream().filter(o -> o >= committed.offset()).filter(next::fetched))
        .containsExactlyElementsOf(expected);
    next.fetchedUpTo(history.end());
    assertThat(next.uncommitted()).isEmpty();
    expected.forEach(next::finish);
    assertThat(next.uncommitted().orElse(committed))
        .isEqualTo(new OffsetAndMetadata(history.end()));
  }

  @Property
  void anOwnerThatFetchesALittleKeepsWhatItKnowsOfTheRest(@ForAll("histories") History history) {
    PartitionProgress first = fetched(history);
    history.finished().forEach(first::finish);
    OffsetAndMetadata committed = first.uncommitted().orElse(BEGINNING);

    PartitionProgress second = new PartitionProgress(committed);
    history.offsets().stream()
        .filter(o -> o >= committed.offset())
        .limit(3)
        .forEach(second::fetched);
    OffsetAndMetadata again = second.uncommitted().orElse(committed);

    PartitionProgress third = new PartitionProgress(again);
    assertThat(history.offsets().stream().filter(o -> o >= again.offset()).filter(third::fetched))
        .noneMatch(history.finished()::contains);
  }

  @Test
  void whatIsFinishedFurtherAheadThanTheMetadataReachesIsDoneAgainAndNoMoreIsFetched() {
    PartitionProgress progress = new PartitionProgress(BEGINNING);
    for (long offset = 0; offset <= PartitionProgress.REACH; offset++) {
      assertThat(progress.farAhead()).isEqualTo(offset >= PartitionProgress.REACH);
      progress.fetched(offset);
    }
    for (long offset = 1; offset <= PartitionProgress.REACH; offset++) {
      progress.finish(offset);
    }
    OffsetAndMetadata committed = progress.uncommitted().orElseThrow();
    assertThat(committed.offset()).isZero();
    assertThat(committed.metadata()).hasSizeLessThanOrEqualTo(4_096);
    PartitionProgress next = new PartitionProgress(committed);
    assertThat(next.fetched(0)).isTrue();
    assertThat(next.fetched(PartitionProgress.REACH - 1)).isFalse();
    assertThat(next.fetched(PartitionProgress.REACH)).isTrue();
  }

  @Test
  void whatSomebodyElseCommittedSaysNothingOfWhatIsFinished() {
    PartitionProgress progress = new PartitionProgress(new OffsetAndMetadata(5, "AAAA"));
    assertThat(progress.fetched(5)).isTrue();
    assertThat(progress.fetched(6)).isTrue();
  }

  @Test
  void aPartitionThatBeginsAnewHasNothingFinished() {
    PartitionProgress progress = new PartitionProgress(BEGINNING);
    progress.fetched(0);
    progress.fetched(1);
    progress.finish(1);
    PartitionProgress next = new PartitionProgress(progress.uncommitted().orElseThrow());
    next.fetchedUpTo(2);
    assertThat(next.fetched(0)).isTrue();
    assertThat(next.fetched(1)).isTrue();
  }

  @Test
  void aPartitionOfWhichNothingIsKnownIsNotCommitted() {
    PartitionProgress progress = new PartitionProgress(null);
    assertThat(progress.uncommitted()).isEmpty();
    progress.fetched(7);
    assertThat(progress.uncommitted()).contains(new OffsetAndMetadata(7));
  }
}
