package io.espalier.beam;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The candidates of a search with the changes of one turn laid over those that are stored.
final class ChangedRows implements Rows {

  static final Comparator<Candidate> BY_SCALE =
      Comparator.comparingInt((Candidate each) -> each.lineage().scale())
          .thenComparing(Candidate::lineage);

  private final Rows stored;
  private final Map<Lineage, Candidate> changed = new HashMap<>();

  ChangedRows(Rows stored) {
    this.stored = stored;
  }

  void put(Candidate candidate) {
    changed.put(candidate.lineage(), candidate);
  }

  /// The rows that are new or changed, by scale, then by lineage.
  List<Candidate> changes() {
    return changed.values().stream().sorted(BY_SCALE).toList();
  }

  @Override
  public Optional<Candidate> get(Lineage lineage) {
    return Optional.ofNullable(changed.get(lineage)).or(() -> stored.get(lineage));
  }

  @Override
  public List<Candidate> ofScale(int scale) {
    return overlaid(
        stored.ofScale(scale),
        changed.values().stream().filter(each -> each.lineage().scale() == scale).toList());
  }

  @Override
  public List<Candidate> all() {
    return overlaid(stored.all(), changed.values());
  }

  private static List<Candidate> overlaid(List<Candidate> stored, Collection<Candidate> changed) {
    Map<Lineage, Candidate> latest = new HashMap<>();
    stored.forEach(candidate -> latest.put(candidate.lineage(), candidate));
    changed.forEach(candidate -> latest.put(candidate.lineage(), candidate));
    return latest.values().stream().sorted(BY_SCALE).toList();
  }
}
