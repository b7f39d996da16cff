package io.espalier.beam;

import io.espalier.beam.Decision.Ending;
import java.util.List;
import java.util.Optional;

/// The search as a pure function: (state, event) → (state, effects).
///
/// ```
/// submitted:  the origin draws the strategy's first candidates              (round 1)
/// answered:   when every candidate of the round has its verifiers' answers:
///               does a verifier see only the best of a scale?  ask it about these, and wait
///               rank the candidates; the strategy says which live on, with how many offspring
///               it wants more draws of the same scale?  draw them            (round + 1)
///               nothing grows, target reached or budget spent?  complete cut images, then decide
///               else every hypothesis draws its offspring                    (round + 1),
///                    one of them its own rollout, carried over with its scores
/// cancelled, deadline passed:  decide with the best image so far
/// ```
///
/// For a beam a round is a scale.
///
/// An event that says nothing new changes nothing: a repeated or late answer, an answer about an
/// unknown candidate, anything after the end. Candidates are settled independently of each other
/// and ties go to the smaller lineage, so the order in which answers arrive, and how many of them
/// one transition takes, changes nothing but the reports about them. After *Visual Autoregressive
/// Models Beat Diffusion Models on Inference Time Scaling*, arXiv 2510.16751, section 3.
public final class Pruning {

  private Pruning() {}

  /// Begins a search.
  public static Transition submit(SearchSpec spec) {
    Turn turn = new Turn(SearchState.before(spec), new NoRows());
    turn.start();
    return turn.transition();
  }

  /// Takes one event.
  ///
  /// @param rows the search's candidates as the last transition left them; only read
  public static Transition on(SearchState state, Rows rows, SearchEvent event) {
    return on(state, rows, List.of(event));
  }

  /// Takes several events, one after the other, in one transition. It tells of all that they
  /// complete in one report, or of those of a round in one each.
  ///
  /// @param rows the search's candidates as the last transition left them; only read
  public static Transition on(SearchState state, Rows rows, List<? extends SearchEvent> events) {
    Turn turn = new Turn(state, rows);
    for (SearchEvent event : events) {
      if (turn.ended()) {
        break;
      }
      switch (event) {
        case SearchEvent.Answer answer -> turn.answer(answer);
        case SearchEvent.Cancelled() -> turn.decide(Ending.CANCELLED, "cancelled");
        case SearchEvent.DeadlinePassed() -> turn.expire();
        case SearchEvent.Failed(String reason) -> turn.decide(Ending.FAILED, reason);
      }
    }
    return turn.transition();
  }

  private record NoRows() implements Rows {
    @Override
    public Optional<Candidate> get(Lineage lineage) {
      return Optional.empty();
    }

    @Override
    public List<Candidate> ofScale(int scale) {
      return List.of();
    }

    @Override
    public List<Candidate> all() {
      return List.of();
    }
  }
}
