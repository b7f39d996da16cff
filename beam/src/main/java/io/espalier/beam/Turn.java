package io.espalier.beam;

import io.espalier.beam.Candidate.Fate;
import io.espalier.beam.Decision.Ending;
import io.espalier.beam.Round.Ranked;
import io.espalier.beam.SearchState.Phase;
import io.espalier.beam.Selection.Growth;
import io.espalier.beam.Selection.Survivor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// One application of [Pruning]: collects what changes. Lives for one call, on one thread.
final class Turn {

  private final SearchSpec spec;
  private final ChangedRows rows;
  private final List<Effect> effects = new ArrayList<>();
  private final List<Scoring> scored = new ArrayList<>();
  private Phase phase;
  private int round;
  private int scale;
  private int awaited;
  private Warnings warnings;
  private long reports;
  private Cost spent;
  private Optional<Scoring> best;
  private Optional<Scoring> first;
  private String ending;

  Turn(SearchState state, Rows rows) {
    this.spec = state.spec();
    this.rows = new ChangedRows(rows);
    this.phase = state.phase();
    this.round = state.round();
    this.scale = state.scale();
    this.awaited = state.awaited();
    this.reports = state.reports();
    this.spent = state.spent();
    this.best = state.best();
    this.first = state.first();
    this.warnings = state.warnings();
    this.ending = state.ending();
  }

  Transition transition() {
    tellScored();
    SearchState state =
        new SearchState(
            spec, phase, round, scale, awaited, reports, spent, best, first, warnings, ending);
    return new Transition(state, rows.changes(), effects);
  }

  boolean ended() {
    return phase == Phase.ENDED;
  }

  void start() {
    tell(new Report.Started(reports, Plan.whole(spec)));
    draw(spec.origin(), spec.base().map(Base::rendition), 0, Plan.firstDraws(spec));
  }

  void answer(SearchEvent.Answer answer) {
    Candidate before = rows.get(answer.lineage()).orElse(null);
    if (before == null) {
      return;
    }
    Candidate after = before.answered(answer);
    if (after.equals(before)) {
      return;
    }
    warnings = warnings.plus(answer.warnings());
    rows.put(after);
    if (after.settled()) {
      settle(after);
    }
  }

  private void settle(Candidate candidate) {
    awaited--;
    warn(candidate.failures());
    candidate.result().ifPresent(attempt -> scored(candidate, attempt));
    if (awaited > 0) {
      return;
    }
    switch (phase) {
      case SEARCHING -> endRound();
      case COMPLETING -> decide(Ending.FOUND, ending);
      case ENDED -> throw new IllegalStateException("an ended search awaits nothing");
    }
  }

  private void warn(Map<String, String> failures) {
    warnings =
        warnings.plus(
            failures.entrySet().stream()
                .map(failure -> failure.getKey() + ": " + failure.getValue())
                .toList());
  }

  private void scored(Candidate candidate, Attempt attempt) {
    warn(attempt.failures());
    Scoring scoring = Scoring.of(candidate, attempt, spec.criteria());
    if (candidate.depth() == spec.schedule().scales()) {
      best = Stream.concat(best.stream(), Stream.of(scoring)).min(Scoring.BEST_FIRST);
      if (candidate.lineage().key().equals(firstCandidate())) {
        first = Optional.of(scoring);
      }
    }
    scored.add(scoring);
  }

  /// Tells of all that were scored since the last report.
  private void tellScored() {
    if (!scored.isEmpty()) {
      scored.sort(Comparator.comparing(Scoring::lineage));
      tell(new Report.Scored(reports, scored, awaited, spent, best));
      scored.clear();
    }
  }

  private void endRound() {
    tellScored();
    if (askFurther()) {
      return;
    }
    List<Candidate> contenders =
        spec.strategy().acrossScales()
            ? rows.all().stream().filter(candidate -> !candidate.kept()).toList()
            : rows.ofScale(scale);
    List<Ranked> ranked = Ranking.of(contenders, spec.combine(), spec.criteria());
    Selection selection =
        spec.strategy().select(new Round(spec, round, scale, ranked, rows::get, this::drawn));
    if (!selection.more().isEmpty() && affords(selection.more())) {
      round++;
      selection.more().forEach(this::drawMore);
    } else {
      prune(ranked, selection.survivors());
    }
  }

  /// Asks verifiers that see only the best; whether there were any to ask.
  private boolean askFurther() {
    Set<Integer> scales =
        spec.strategy().acrossScales()
            ? rows.all().stream().map(row -> row.lineage().scale()).collect(Collectors.toSet())
            : Set.of(scale);
    Map<Lineage, Candidate> asked = new HashMap<>();
    for (int of : scales) {
      Tiers.next(rows.ofScale(of), of, spec)
          .forEach((verifier, candidates) -> ask(verifier, candidates, asked));
    }
    awaited += asked.size();
    return !asked.isEmpty();
  }

  private void ask(String verifier, List<Candidate> candidates, Map<Lineage, Candidate> asked) {
    SequencedMap<Lineage, Rendition> images = new LinkedHashMap<>();
    for (Candidate candidate : candidates) {
      candidate.result().ifPresent(attempt -> images.put(candidate.lineage(), attempt.rendition()));
      Candidate row = asked.getOrDefault(candidate.lineage(), candidate).awaiting(verifier);
      asked.put(row.lineage(), row);
      rows.put(row);
    }
    effects.add(new Effect.Verify(verifier, images));
  }

  private void prune(List<Ranked> ranked, List<Survivor> survivors) {
    Map<Lineage, Integer> offspring = new HashMap<>();
    survivors.forEach(each -> offspring.put(each.candidate().lineage(), each.offspring()));
    for (int i = 0; i < ranked.size(); i++) {
      Ranked each = ranked.get(i);
      Integer branches = offspring.get(each.lineage());
      boolean survives = branches != null;
      rows.put(
          each.candidate()
              .withFate(new Fate(i + 1, each.value(), survives, survives ? branches : 0, round)));
    }
    List<Lineage> kept = survivors.stream().map(each -> each.candidate().lineage()).toList();
    tell(new Report.Pruned(reports, scale, kept, ranked.size(), best));
    List<Survivor> growing = survivors.stream().filter(this::grows).toList();
    Optional<String> stop = reasonToStop(survivors, growing);
    if (stop.isPresent()) {
      complete(stop.get());
      return;
    }
    round++;
    scale = 1 + growing.stream().mapToInt(each -> scaleOf(each.candidate())).max().orElseThrow();
    growing.forEach(this::expand);
    if (awaited == 0) {
      endRound();
    }
  }

  private boolean grows(Survivor survivor) {
    return survivor.offspring() > 0 && scaleOf(survivor.candidate()) < spec.schedule().scales();
  }

  private Optional<String> reasonToStop(List<Survivor> survivors, List<Survivor> growing) {
    if (survivors.isEmpty()) {
      return Optional.of("no candidate of scale " + scale + " could be drawn");
    }
    if (growing.isEmpty()) {
      return Optional.of("");
    }
    Optional<String> reached = best.flatMap(image -> spec.budget().reached(image.score()));
    if (reached.isPresent()) {
      return reached.map(reason -> reason + " at scale " + scale);
    }
    Map<Integer, Integer> draws = new TreeMap<>();
    int deepest = 0;
    for (Survivor each : growing) {
      int next = scaleOf(each.candidate()) + 1;
      draws.merge(next, spec.draws(next - 1, each.offspring()), Integer::sum);
      deepest = Math.max(deepest, next);
    }
    return Plan.affords(spec, spent, draws)
        ? Optional.empty()
        : Optional.of("the budget does not pay for scale " + deepest);
  }

  private boolean affords(List<Growth> growth) {
    Map<Integer, Integer> draws = new TreeMap<>();
    growth.forEach(each -> draws.merge(each.parent().scale() + 1, each.draws(), Integer::sum));
    return Plan.affords(spec, spent, draws);
  }

  private void expand(Survivor survivor) {
    Candidate hypothesis = survivor.candidate();
    if (spec.carries(hypothesis)) {
      rows.put(hypothesis.carriedOver());
    }
    draw(
        hypothesis.lineage(),
        hypothesis.result().map(Attempt::rendition),
        0,
        spec.draws(scaleOf(hypothesis), survivor.offspring()));
  }

  /// Draws more branches of a node, numbered on from those that it has.
  private void drawMore(Growth growth) {
    Lineage parent = growth.parent();
    Optional<Rendition> prefix =
        parent.equals(spec.origin())
            ? spec.base().map(Base::rendition)
            : rows.get(parent).flatMap(Candidate::result).map(Attempt::rendition);
    long drawn =
        rows.ofScale(parent.scale() + 1).stream()
            .map(Candidate::lineage)
            .filter(child -> !child.carried() && child.parent().equals(parent))
            .count();
    rows.get(parent).ifPresent(node -> rows.put(node.withMoreOffspring(growth.draws())));
    draw(parent, prefix, (int) drawn, growth.draws());
  }

  /// Draws branches of a node, the first of which has this number.
  private void draw(Lineage parent, Optional<Rendition> prefix, int from, int draws) {
    int at = parent.scale() + 1;
    List<String> verifiers = spec.verifiersOfAll(at);
    List<Integer> branches = new ArrayList<>();
    for (int branch = from; branch < from + draws; branch++) {
      branches.add(branch);
      await(
          Candidate.awaited(
              parent.child(branch),
              spec.reach(at),
              Plan.candidate(spec, at, branch == 0),
              verifiers));
    }
    if (draws > 0) {
      Slice slice = new Slice(parent, prefix, at, spec.reach(at), branches);
      effects.add(new Effect.Expand(slice, verifiers));
    }
  }

  private void await(Candidate candidate) {
    rows.put(candidate);
    spent = spent.plus(candidate.cost());
    awaited++;
  }

  /// Draws the images that the search answers with to the last scale, where they are not there
  /// yet.
  private void complete(String reason) {
    phase = Phase.COMPLETING;
    ending = reason;
    Stream.concat(answer().candidate().stream(), rows.get(firstCandidate()).stream())
        .filter(candidate -> candidate.depth() < spec.schedule().scales())
        .distinct()
        .sorted(ChangedRows.BY_SCALE)
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
    Lineage parent = candidate.lineage().carriedOn(depth - scaleOf(candidate));
    Slice slice =
        new Slice(
            parent,
            candidate.result().map(Attempt::rendition),
            depth + 1,
            spec.schedule().scales(),
            List.of(Lineage.CARRY));
    await(
        Candidate.awaited(
            slice.candidates().getFirst(),
            slice.depth(),
            Plan.completion(spec, depth),
            spec.verifiers()));
    effects.add(new Effect.Expand(slice, spec.verifiers()));
  }

  void expire() {
    decide(
        Ending.EXPIRED,
        "the deadline passed at scale %d with %d candidates unscored (%s)"
            .formatted(scale, awaited, waiting()));
  }

  private String waiting() {
    List<Candidate> unsettled = rows.all().stream().filter(each -> !each.settled()).toList();
    return spec.verifiers().stream()
        .map(verifier -> count(unsettled, verifier) + " await " + verifier)
        .collect(Collectors.joining(", "));
  }

  private static long count(List<Candidate> unsettled, String verifier) {
    return unsettled.stream()
        .filter(candidate -> candidate.asked().contains(verifier))
        .filter(candidate -> candidate.attempts().stream().noneMatch(a -> a.heardFrom(verifier)))
        .count();
  }

  void decide(Ending asked, String reason) {
    tellScored();
    phase = Phase.ENDED;
    awaited = 0;
    Optional<Scoring> answer = asked == Ending.FOUND ? answer().image() : best;
    boolean failed = asked == Ending.FOUND && answer.isEmpty();
    if (answer.isPresent() && first.isPresent()) {
      warnings = warnings.plus(Watchers.warnings(first.get(), answer.get(), spec.criteria()));
    }
    effects.add(
        new Effect.Decide(
            reports++,
            new Decision(
                failed ? Ending.FAILED : asked,
                failed ? answer().whyNone(reason) : reason,
                answer,
                first,
                spent,
                warnings.texts(),
                rows.all())));
  }

  private FinalAnswer answer() {
    return new FinalAnswer(spec, rows, round, best);
  }

  private Lineage firstCandidate() {
    return spec.origin().child(0);
  }

  private int drawn(int ofScale) {
    return (int)
        rows.ofScale(ofScale).stream().filter(candidate -> !candidate.lineage().carried()).count();
  }

  private static int scaleOf(Candidate candidate) {
    return candidate.lineage().scale();
  }

  private void tell(Report report) {
    effects.add(new Effect.Tell(report));
    reports++;
  }
}
