package io.espalier.search.pruning;

import io.espalier.beam.InvalidSearchException;
import io.espalier.beam.Lineage;
import io.espalier.beam.SearchEvent;
import io.espalier.contracts.JobSpec;
import io.espalier.contracts.ScoresRecord;
import io.espalier.flow.Renditions;
import io.espalier.flow.UnreadableRecordException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What verifiers say, as the search hears it.
final class Answers {

  private Answers() {}

  /// What a record answers.
  ///
  /// @throws UnreadableRecordException where the record names no candidate
  static List<SearchEvent.Answer> of(ScoresRecord record, JobSpec spec) {
    try {
      return read(record, spec);
    } catch (InvalidSearchException e) {
      throw new UnreadableRecordException(e.getMessage(), e);
    }
  }

  private static List<SearchEvent.Answer> read(ScoresRecord record, JobSpec spec) {
    Set<String> warnings = Set.copyOf(record.warnings());
    List<SearchEvent.Answer> answers = new ArrayList<>();
    for (ScoresRecord.Score score : record.scores()) {
      answers.add(
          new SearchEvent.Scored(
              Lineage.parse(score.lineage()),
              Renditions.of(score.drawn()),
              record.verifier(),
              score.score(),
              score.features(),
              warnings));
    }
    for (ScoresRecord.Failure failure : record.failures()) {
      for (String verifier : verifiers(record, spec)) {
        answers.add(
            new SearchEvent.Unscorable(
                Lineage.parse(failure.lineage()),
                Optional.ofNullable(failure.drawn()).map(Renditions::of),
                verifier,
                failure.reason(),
                warnings));
      }
    }
    return answers;
  }

  private static List<String> verifiers(ScoresRecord record, JobSpec spec) {
    return record.verifier().equals(ScoresRecord.EVERY_VERIFIER)
        ? spec.verifiers().stream().map(JobSpec.VerifierRef::name).toList()
        : List.of(record.verifier());
  }
}
