package io.espalier.flow.queue;

import java.util.Base64;
import java.util.BitSet;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.jspecify.annotations.Nullable;

/// Which records of a partition are finished, and what to commit of it. The committed offset is
/// that of the oldest unfinished record. Its metadata has a bit for each offset from there, set
/// where the record is finished, so that nothing of it is done again by whoever gets the partition
/// next. Does no input or output; not thread-safe.
final class PartitionProgress {

  /// How many offsets from the oldest unfinished one the metadata covers. A broker takes 4,096
  /// bytes by default, and these bits are 2,740.
  static final int REACH = 16_384;

  private static final String FINISHED = "finished:";
  private static final long UNKNOWN = -1;

  private final NavigableSet<Long> unfinished = new TreeSet<>();
  private final NavigableSet<Long> finished = new TreeSet<>();
  private Optional<OffsetAndMetadata> committed;
  private long next = UNKNOWN;

  /// Begins where the partition's last owner has committed, or with the first record that comes.
  PartitionProgress(@Nullable OffsetAndMetadata committed) {
    this.committed = Optional.ofNullable(committed);
    this.committed.ifPresent(this::restore);
  }

  private void restore(OffsetAndMetadata from) {
    next = from.offset();
    if (from.metadata().startsWith(FINISHED)) {
      byte[] bits = Base64.getDecoder().decode(from.metadata().substring(FINISHED.length()));
      BitSet.valueOf(bits).stream().forEach(bit -> finished.add(from.offset() + bit));
    }
  }

  /// Notes that a record was fetched.
  ///
  /// @return whether it is still to be done
  boolean fetched(long offset) {
    if (offset < next) {
      finished.clear(); // the partition was cut: these were others' offsets
    }
    next = offset + 1;
    return !finished.contains(offset) && unfinished.add(offset);
  }

  /// Notes that whatever is before an offset was fetched; some offsets hold no record.
  void fetchedUpTo(long offset) {
    next = offset;
  }

  /// Notes that a fetched record is finished.
  void finish(long offset) {
    if (unfinished.remove(offset)) {
      finished.add(offset);
    }
  }

  private long position() {
    return unfinished.isEmpty() ? next : unfinished.first();
  }

  /// Whether what is fetched reaches so far ahead that no more should be.
  boolean farAhead() {
    return next - position() >= REACH;
  }

  /// What to commit, where there is anything and it is not committed yet.
  Optional<OffsetAndMetadata> uncommitted() {
    long position = position();
    if (position == UNKNOWN) {
      return Optional.empty();
    }
    finished.headSet(position).clear();
    OffsetAndMetadata current = new OffsetAndMetadata(position, metadata(position));
    return committed.filter(current::equals).isPresent() ? Optional.empty() : Optional.of(current);
  }

  private String metadata(long position) {
    if (finished.isEmpty()) {
      return "";
    }
    BitSet bits = new BitSet();
    finished.headSet(position + REACH).forEach(offset -> bits.set((int) (offset - position)));
    return FINISHED + Base64.getEncoder().encodeToString(bits.toByteArray());
  }

  /// Notes that this was committed.
  void committed(OffsetAndMetadata current) {
    committed = Optional.of(current);
  }
}
