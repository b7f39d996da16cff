package io.espalier.search.pruning;

import io.espalier.beam.InvalidSearchException;
import io.espalier.beam.Lineage;
import io.espalier.beam.Rendition;
import io.espalier.beam.SearchEvent;
import io.espalier.contracts.Drawn;
import io.espalier.contracts.JobSpec;
import io.espalier.contracts.ScoreRecord;
import io.espalier.flow.UnreadableRecordException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What verifiers say, as the search hears it.
final class Answers {

  private Answers() {}

  /// What a record answers.
  ///
  /// @throws UnreadableRecordException where the record names no candidate
  static List<SearchEvent.Answer> of(ScoreRecord record, JobSpec spec) {
    try {
      return read(record, spec);
    } catch (InvalidSearchException e) {
      throw new UnreadableRecordException(e.getMessage(), e);
    }
  }

  private static List<SearchEvent.Answer> read(ScoreRecord record, JobSpec spec) {
    return switch (record) {
      case ScoreRecord.Scored scored ->
          List.of(
              new SearchEvent.Scored(
                  Lineage.parse(scored.lineage()),
                  rendition(scored.drawn()),
                  scored.verifier(),
                  scored.score(),
                  scored.features(),
                  Set.copyOf(scored.warnings())));
      case ScoreRecord.Unscorable not ->
          verifiers(not, spec)
              .<SearchEvent.Answer>map(
                  verifier ->
                      new SearchEvent.Unscorable(
                          Lineage.parse(not.lineage()),
                          optional(not.drawn()),
                          verifier,
                          not.reason(),
                          Set.copyOf(not.warnings())))
              .toList();
    };
  }

  static List<ScoreRecord.Span> spans(ScoreRecord record) {
    return switch (record) {
      case ScoreRecord.Scored scored -> scored.spans();
      case ScoreRecord.Unscorable not -> not.spans();
    };
  }

  private static Stream<String> verifiers(ScoreRecord.Unscorable record, JobSpec spec) {
    return record.verifier().equals(ScoreRecord.EVERY_VERIFIER)
        ? spec.verifiers().stream().map(JobSpec.VerifierRef::name)
        : Stream.of(record.verifier());
  }

  private static Optional<Rendition> optional(@Nullable Drawn drawn) {
    return Optional.ofNullable(drawn).map(Answers::rendition);
  }

  private static Rendition rendition(Drawn drawn) {
    return new Rendition(drawn.bits(), drawn.image());
  }
}
