package io.espalier.beam;

import java.util.List;
import java.util.Optional;

/// The candidates of one search, as stored.
public interface Rows {

  Optional<Candidate> get(Lineage lineage);

  /// The candidates that lie at a scale, by lineage.
  List<Candidate> ofScale(int scale);

  /// Every candidate, by scale, then by lineage.
  List<Candidate> all();
}
