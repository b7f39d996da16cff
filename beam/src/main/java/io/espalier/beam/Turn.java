package io.espalier.beam;

import io.espalier.beam.Decision.Ending;
import io.espalier.beam.SearchState.Phase;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// One application of [Pruning]: collects what changes. Lives for one call, on one thread.
final class Turn {

  private static final Comparator<Candidate> BY_SCALE =
      Comparator.comparingInt((Candidate each) -> each.lineage().scale())
          .thenComparing(Candidate::lineage);

  private final SearchSpec spec;
  private final Rows rows;
  private final Map<Lineage, Candidate> changed = new HashMap<>();
  private final List<Effect> effects = new ArrayList<>();
  private final Set<String> warnings;
  private Phase phase;
  private int scale;
  private int awaited;
  private long reports;
  private Cost spent;
  private Optional<Scoring> best;
  private Optional<Scoring> first;
  private String ending;

  Turn(SearchState state, Rows rows) {
    this.spec = state.spec();
    this.rows = rows;
    this.phase = state.phase();
    this.scale = state.scale();
    this.awaited = state.awaited();
    this.reports = state.reports();
    this.spent = state.spent();
    this.best = state.best();
    this.first = state.first();
    this.warnings = new TreeSet<>(state.warnings());
    this.ending = state.ending();
  }

  Transition transition() {
    SearchState state =
        new SearchState(spec, phase, scale, awaited, reports, spent, best, first, warnings, ending);
    return new Transition(state, changed.values().stream().sorted(BY_SCALE).toList(), effects);
  }

  void start() {
    tell(new Report.Started(reports, Plan.whole(spec)));
    scale = spec.firstScale();
    expand(spec.origin(), spec.base().map(Base::rendition), Plan.firstDraws(spec));
  }

  void answer(SearchEvent.Answer answer) {
    Candidate before = row(answer.lineage()).orElse(null);
    if (before == null) {
      return;
    }
    Candidate after = before.answered(answer, spec.verifiers());
    if (after.equals(before)) {
      return;
    }
    warnings.addAll(answer.warnings());
    changed.put(after.lineage(), after);
    if (after.settled()) {
      settle(after);
    }
  }

  private void settle(Candidate candidate) {
    awaited--;
    candidate.failures().forEach((verifier, why) -> warnings.add(verifier + ": " + why));
    candidate.result().ifPresent(attempt -> scored(candidate, attempt));
    if (awaited > 0) {
      return;
    }
    switch (phase) {
      case SEARCHING -> prune();
      case COMPLETING -> decide(Ending.FOUND, ending);
      case ENDED -> throw new IllegalStateException("an ended search awaits nothing");
    }
  }

  private void scored(Candidate candidate, Attempt attempt) {
    attempt.failures().forEach((verifier, why) -> warnings.add(verifier + ": " + why));
    Scoring scoring = Scoring.of(candidate, attempt, spec.criteria());
    if (candidate.depth() == spec.schedule().scales()) {
      best = Stream.concat(best.stream(), Stream.of(scoring)).min(Scoring.BEST_FIRST);
      if (candidate.lineage().key().equals(firstCandidate())) {
        first = Optional.of(scoring);
      }
    }
    tell(new Report.Scored(reports, scoring, awaited, spent, best));
  }

  private void prune() {
    List<Candidate> ranked = Ranking.of(candidates(scale), spec);
    ranked.forEach(candidate -> changed.put(candidate.lineage(), candidate));
    List<Candidate> frontier = ranked.stream().filter(Turn::kept).toList();
    List<Lineage> kept = frontier.stream().map(Candidate::lineage).toList();
    tell(new Report.Pruned(reports, scale, kept, ranked.size(), best));
    Optional<String> stop = reasonToStop(frontier.size());
    if (stop.isPresent()) {
      complete(stop.get());
      return;
    }
    scale++;
    frontier.forEach(this::expand);
    if (awaited == 0) {
      prune();
    }
  }

  private Optional<String> reasonToStop(int hypotheses) {
    if (scale == Plan.lastScale(spec)) {
      return Optional.of("");
    }
    if (hypotheses == 0) {
      return Optional.of("no candidate of scale " + scale + " could be drawn");
    }
    if (spec.budget().targetScore().isPresent()
        && best.isPresent()
        && best.get().score() >= spec.budget().targetScore().getAsDouble()) {
      return Optional.of("the target score was reached at scale " + scale);
    }
    if (!Plan.affords(spec, spent, scale + 1, hypotheses)) {
      return Optional.of("the budget does not pay for scale " + (scale + 1));
    }
    return Optional.empty();
  }

  private void expand(Candidate hypothesis) {
    int before = scale - 1;
    if (spec.carriesFrom(before)) {
      Candidate carried = hypothesis.carriedOver();
      changed.put(carried.lineage(), carried);
    }
    expand(hypothesis.lineage(), hypothesis.result().map(Attempt::rendition), spec.draws(before));
  }

  private void expand(Lineage parent, Optional<Rendition> prefix, int draws) {
    List<Integer> branches = new ArrayList<>();
    for (int branch = 0; branch < draws; branch++) {
      branches.add(branch);
      await(
          Candidate.awaited(
              parent.child(branch), spec.reach(scale), Plan.candidate(spec, scale, branch == 0)));
    }
    if (draws > 0) {
      Slice slice = new Slice(parent, prefix, scale, spec.reach(scale), branches);
      effects.add(new Effect.Expand(slice));
    }
  }

  private void await(Candidate candidate) {
    changed.put(candidate.lineage(), candidate);
    spent = spent.plus(candidate.cost());
    awaited++;
  }

  /// Draws the images that the search answers with to the last scale, where they are not there
  /// yet.
  private void complete(String reason) {
    phase = Phase.COMPLETING;
    ending = reason;
    Stream.concat(answerCandidate().stream(), row(firstCandidate()).stream())
        .filter(candidate -> candidate.depth() < spec.schedule().scales())
        .distinct()
        .sorted(BY_SCALE)
        .forEach(this::completeOne);
    if (awaited == 0) {
      decide(Ending.FOUND, reason);
    }
  }

  private void completeOne(Candidate candidate) {
    if (candidate.result().isEmpty()) {
      return;
    }
    int depth = candidate.depth();
    Lineage parent = candidate.lineage().carriedOn(depth - candidate.lineage().scale());
    Slice slice =
        new Slice(
            parent,
            candidate.result().map(Attempt::rendition),
            depth + 1,
            spec.schedule().scales(),
            List.of(Lineage.CARRY));
    await(
        Candidate.awaited(
            slice.candidates().getFirst(), slice.depth(), Plan.completion(spec, depth)));
    effects.add(new Effect.Expand(slice));
  }

  void expire() {
    String waiting =
        spec.verifiers().stream()
            .map(verifier -> unheard(verifier) + " await " + verifier)
            .collect(Collectors.joining(", "));
    decide(
        Ending.EXPIRED,
        "the deadline passed at scale %d with %d candidates unscored (%s)"
            .formatted(scale, awaited, waiting));
  }

  private long unheard(String verifier) {
    return all().stream()
        .filter(candidate -> !candidate.settled())
        .filter(candidate -> candidate.attempts().stream().noneMatch(a -> a.heardFrom(verifier)))
        .count();
  }

  void decide(Ending asked, String reason) {
    phase = Phase.ENDED;
    awaited = 0;
    Optional<Scoring> answer = asked == Ending.FOUND ? answer() : best;
    boolean failed = asked == Ending.FOUND && answer.isEmpty();
    effects.add(
        new Effect.Decide(
            new Decision(
                failed ? Ending.FAILED : asked,
                failed ? whyNoImage(reason) : reason,
                reports++,
                answer,
                first,
                spent,
                new TreeSet<>(warnings),
                all())));
  }

  private Optional<Scoring> answer() {
    return switch (spec.answer()) {
      case BEST_EVER -> best;
      case LAST_FRONTIER -> answerCandidate().flatMap(this::fullImage).or(() -> best);
    };
  }

  private Optional<Scoring> fullImage(Candidate candidate) {
    int missing = spec.schedule().scales() - candidate.depth();
    Lineage completed =
        missing == 0
            ? candidate.lineage()
            : candidate.lineage().carriedOn(candidate.depth() - candidate.lineage().scale() + 1);
    return row(completed).flatMap(this::scoring);
  }

  /// The candidate to answer with, its image perhaps cut; none where a full one is known already.
  private Optional<Candidate> answerCandidate() {
    if (spec.answer() == AnswerRule.BEST_EVER && best.isPresent()) {
      return Optional.empty();
    }
    return candidates(scale).stream()
        .filter(Turn::kept)
        .flatMap(candidate -> scoring(candidate).stream())
        .min(Scoring.BEST_FIRST)
        .flatMap(scoring -> row(scoring.lineage()));
  }

  private Optional<Scoring> scoring(Candidate candidate) {
    return candidate.result().map(attempt -> Scoring.of(candidate, attempt, spec.criteria()));
  }

  private String whyNoImage(String reason) {
    String failure =
        all().stream()
            .flatMap(candidate -> candidate.failures().values().stream().sorted())
            .findFirst()
            .orElse("no image was scored");
    return reason.isEmpty() ? failure : reason + ": " + failure;
  }

  private Lineage firstCandidate() {
    return spec.origin().child(0);
  }

  private static boolean kept(Candidate candidate) {
    return candidate.fate().isPresent() && candidate.fate().get().kept();
  }

  private void tell(Report report) {
    effects.add(new Effect.Tell(report));
    reports++;
  }

  private Optional<Candidate> row(Lineage lineage) {
    return Optional.ofNullable(changed.get(lineage)).or(() -> rows.get(lineage));
  }

  private List<Candidate> candidates(int scale) {
    return overlaid(
        rows.ofScale(scale),
        changed.values().stream().filter(each -> each.lineage().scale() == scale).toList());
  }

  private List<Candidate> all() {
    return overlaid(rows.all(), changed.values());
  }

  private static List<Candidate> overlaid(List<Candidate> stored, Collection<Candidate> changed) {
    Map<Lineage, Candidate> latest = new HashMap<>();
    stored.forEach(candidate -> latest.put(candidate.lineage(), candidate));
    changed.forEach(candidate -> latest.put(candidate.lineage(), candidate));
    return latest.values().stream().sorted(BY_SCALE).toList();
  }
}
