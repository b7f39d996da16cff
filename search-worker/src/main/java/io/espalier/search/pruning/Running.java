package io.espalier.search.pruning;

import io.espalier.beam.Cost;
import io.espalier.beam.Scoring;
import io.espalier.beam.SearchSpec;
import io.espalier.beam.SearchState;
import io.espalier.contracts.JobRecord;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A running job's header in the state store: the search's state without its spec, which never
/// changes and is kept apart, and what the job needs besides.
///
/// @param slices how many slices were handed out, the next one's ordinal
/// @param times the model calls so far
record Running(
    SearchState.Phase phase,
    int scale,
    int awaited,
    long reports,
    Cost spent,
    Optional<Scoring> best,
    Optional<Scoring> first,
    Set<String> warnings,
    String ending,
    long submittedAt,
    @Nullable Long deadlineAt,
    int slices,
    ModelTimes times) {

  static Running begin(JobRecord.Submitted job, SearchState state) {
    return of(state, job.submittedAt(), job.deadlineAt(), 0, ModelTimes.NONE);
  }

  private static Running of(
      SearchState state,
      long submittedAt,
      @Nullable Long deadlineAt,
      int slices,
      ModelTimes times) {
    return new Running(
        state.phase(),
        state.scale(),
        state.awaited(),
        state.reports(),
        state.spent(),
        state.best(),
        state.first(),
        state.warnings(),
        state.ending(),
        submittedAt,
        deadlineAt,
        slices,
        times);
  }

  SearchState state(SearchSpec spec) {
    return new SearchState(
        spec, phase, scale, awaited, reports, spent, best, first, warnings, ending);
  }

  Running with(SearchState state) {
    return of(state, submittedAt, deadlineAt, slices, times);
  }

  Running withSlices(int total) {
    return new Running(
        phase,
        scale,
        awaited,
        reports,
        spent,
        best,
        first,
        warnings,
        ending,
        submittedAt,
        deadlineAt,
        total,
        times);
  }

  Running withTimes(ModelTimes now) {
    return new Running(
        phase,
        scale,
        awaited,
        reports,
        spent,
        best,
        first,
        warnings,
        ending,
        submittedAt,
        deadlineAt,
        slices,
        now);
  }
}
