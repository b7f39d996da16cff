package io.espalier.search.pruning;

import io.espalier.beam.Candidate;
import io.espalier.beam.Lineage;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/// A row of the state store: candidates of one parent whose branch numbers follow each other, and
/// with the first of them the carried one. So the answers of a slice change a row or two, and how
/// large a row is does not depend on how many children the parent has.
///
/// @param candidates by lineage
record Siblings(List<Candidate> candidates) {

  /// The most branches of a row: a few of the slices that a deployment hands out by default.
  static final int MOST = 10;

  static final Siblings NONE = new Siblings(List.of());

  Siblings {
    candidates = List.copyOf(candidates);
  }

  /// Which of its parent's rows a candidate is in, from 0.
  static int number(Lineage candidate) {
    return candidate.carried() ? 0 : candidate.branch() / MOST;
  }

  /// This row with some candidates added, or replaced where they are in it.
  Siblings with(List<Candidate> changed) {
    SortedMap<Lineage, Candidate> all = new TreeMap<>();
    candidates.forEach(each -> all.put(each.lineage(), each));
    changed.forEach(each -> all.put(each.lineage(), each));
    return new Siblings(List.copyOf(all.values()));
  }
}
