package io.espalier.search.pruning;

import io.espalier.beam.Cost;
import io.espalier.beam.Scoring;
import io.espalier.beam.SearchSpec;
import io.espalier.beam.SearchState;
import io.espalier.beam.Warnings;
import io.espalier.contracts.JobRecord;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A running job's header in the state store: the search's state without its spec, which never
/// changes and is kept apart, and what the job needs besides.
///
/// @param waiting the work that is not handed out yet
/// @param slices how many slices were handed out, the next one's ordinal
/// @param times the model calls so far
record Running(
    Header search,
    long submittedAt,
    @Nullable Long deadlineAt,
    Backlog.Waiting waiting,
    int slices,
    ModelTimes times) {

  /// A search's state without its spec.
  record Header(
      SearchState.Phase phase,
      int round,
      int scale,
      int awaited,
      long reports,
      Cost spent,
      Optional<Scoring> best,
      Optional<Scoring> first,
      Warnings warnings,
      String ending) {

    static Header of(SearchState state) {
      return new Header(
          state.phase(),
          state.round(),
          state.scale(),
          state.awaited(),
          state.reports(),
          state.spent(),
          state.best(),
          state.first(),
          state.warnings(),
          state.ending());
    }

    SearchState state(SearchSpec spec) {
      return new SearchState(
          spec, phase, round, scale, awaited, reports, spent, best, first, warnings, ending);
    }
  }

  static Running begin(JobRecord.Submitted job, SearchState state) {
    return new Running(
        Header.of(state),
        job.submittedAt(),
        job.deadlineAt(),
        Backlog.Waiting.NONE,
        0,
        ModelTimes.NONE);
  }

  SearchState state(SearchSpec spec) {
    return search.state(spec);
  }

  Running with(SearchState state) {
    return new Running(Header.of(state), submittedAt, deadlineAt, waiting, slices, times);
  }

  Running with(Backlog.Waiting left, int total) {
    return new Running(search, submittedAt, deadlineAt, left, total, times);
  }

  Running withTimes(ModelTimes now) {
    return new Running(search, submittedAt, deadlineAt, waiting, slices, now);
  }
}
