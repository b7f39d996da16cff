package io.espalier.beam;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// The candidates of one search in memory. For one thread.
public final class StoredRows implements Rows {

  private final Map<Lineage, Candidate> rows = new HashMap<>();

  /// Adds candidates, or replaces the rows that they have.
  public void put(List<Candidate> candidates) {
    candidates.forEach(candidate -> rows.put(candidate.lineage(), candidate));
  }

  @Override
  public Optional<Candidate> get(Lineage lineage) {
    return Optional.ofNullable(rows.get(lineage));
  }

  @Override
  public List<Candidate> ofScale(int scale) {
    return sorted(rows.values().stream().filter(row -> row.lineage().scale() == scale));
  }

  @Override
  public List<Candidate> all() {
    return sorted(rows.values().stream());
  }

  private static List<Candidate> sorted(Stream<Candidate> candidates) {
    return candidates
        .sorted(
            Comparator.comparingInt((Candidate each) -> each.lineage().scale())
                .thenComparing(Candidate::lineage))
        .toList();
  }
}
