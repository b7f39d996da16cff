package io.espalier.search.pruning;

import io.espalier.beam.Candidate;
import io.espalier.beam.Lineage;
import io.espalier.beam.Rows;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/// One job's candidates in the state store, a row each, in the order of their scales.
final class KeptCandidates implements Rows {

  private final KeyValueStore<String, Candidate> store;
  private final String jobId;

  KeptCandidates(KeyValueStore<String, Candidate> store, String jobId) {
    this.store = store;
    this.jobId = jobId;
  }

  void put(List<Candidate> candidates) {
    candidates.forEach(candidate -> store.put(key(candidate.lineage()), candidate));
  }

  void deleteAll() {
    all().forEach(candidate -> store.delete(key(candidate.lineage())));
  }

  @Override
  public Optional<Candidate> get(Lineage lineage) {
    return Optional.ofNullable(store.get(key(lineage)));
  }

  @Override
  public List<Candidate> ofScale(int scale) {
    return below(prefix(scale));
  }

  @Override
  public List<Candidate> all() {
    return below(jobId + "/");
  }

  private List<Candidate> below(String prefix) {
    List<Candidate> candidates = new ArrayList<>();
    try (KeyValueIterator<String, Candidate> rows =
        store.prefixScan(prefix, new StringSerializer())) {
      rows.forEachRemaining(row -> candidates.add(row.value));
    }
    return candidates;
  }

  private String key(Lineage lineage) {
    return prefix(lineage.scale()) + lineage;
  }

  private String prefix(int scale) {
    return String.format(Locale.ROOT, "%s/%03d/", jobId, scale);
  }
}
