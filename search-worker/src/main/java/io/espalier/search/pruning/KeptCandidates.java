package io.espalier.search.pruning;

import io.espalier.beam.Candidate;
import io.espalier.beam.Lineage;
import io.espalier.beam.Rows;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/// One job's candidates in the state store, in the order of their scales. For one transition: a row
/// is read and written once.
final class KeptCandidates implements Rows {

  private final KeyValueStore<String, Siblings> store;
  private final String jobId;
  private final Map<String, Siblings> read = new HashMap<>();

  KeptCandidates(KeyValueStore<String, Siblings> store, String jobId) {
    this.store = store;
    this.jobId = jobId;
  }

  /// Adds candidates, or replaces those that are there.
  void put(List<Candidate> changed) {
    changed.stream()
        .collect(Collectors.groupingBy(candidate -> key(candidate.lineage())))
        .forEach((key, candidates) -> store.put(key, siblings(key).with(candidates)));
  }

  void deleteAll() {
    rows(jobId + "/").forEach(row -> store.delete(row.key));
  }

  @Override
  public Optional<Candidate> get(Lineage lineage) {
    if (lineage.scale() == 0) {
      return Optional.empty();
    }
    return siblings(key(lineage)).candidates().stream()
        .filter(candidate -> candidate.lineage().equals(lineage))
        .findFirst();
  }

  @Override
  public List<Candidate> ofScale(int scale) {
    return candidates(prefix(scale));
  }

  @Override
  public List<Candidate> all() {
    return candidates(jobId + "/");
  }

  private Siblings siblings(String key) {
    return read.computeIfAbsent(
        key, _ -> Objects.requireNonNullElse(store.get(key), Siblings.NONE));
  }

  private List<Candidate> candidates(String prefix) {
    return rows(prefix).stream().flatMap(row -> row.value.candidates().stream()).toList();
  }

  private List<KeyValue<String, Siblings>> rows(String prefix) {
    List<KeyValue<String, Siblings>> found = new ArrayList<>();
    try (KeyValueIterator<String, Siblings> rows =
        store.prefixScan(prefix, new StringSerializer())) {
      rows.forEachRemaining(found::add);
    }
    return found;
  }

  private String key(Lineage lineage) {
    return prefix(lineage.scale()) + lineage.parent() + "/" + Siblings.number(lineage);
  }

  private String prefix(int scale) {
    return String.format(Locale.ROOT, "%s/%03d/", jobId, scale);
  }
}
