package io.espalier.beam;

import io.espalier.beam.Round.Ranked;
import io.espalier.beam.Selection.Growth;
import io.espalier.beam.Selection.Survivor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SequencedMap;
import java.util.stream.Stream;

/// A beam whose scales end as soon as a candidate passes a threshold; the draws that a scale did
/// not need are spent at later ones (rollover budget forcing).
///
/// A scale has its own draws and what earlier scales left over. They are drawn in waves, spread
/// over the hypotheses in turn, the best first, and after each wave the scale ends if a candidate
/// passes. After RBF ([arXiv 2503.19385](https://arxiv.org/abs/2503.19385)).
///
/// @param width the hypotheses that are kept, by scale
/// @param draws what a scale may draw by itself, by scale
/// @param wave the draws of a wave
/// @param threshold the score that passes; where absent, more than the best hypothesis before has,
///     so that the first scale spends all of its draws
public record ThresholdSearch(ByScale width, ByScale draws, int wave, OptionalDouble threshold)
    implements Strategy {

  static final String TAG = "threshold";

  public ThresholdSearch {
    Check.that(
        width.atLeast(1),
        "width is %s, but a search needs at least 1 hypothesis at each scale",
        width);
    Check.that(draws.atLeast(1), "draws is %s, but a scale needs at least 1 draw", draws);
    Check.that(wave > 0, "wave is %d, but a wave needs at least 1 draw", wave);
  }

  static ThresholdSearch of(Parameters given) {
    return new ThresholdSearch(
        given.byScale("width", 1),
        given.byScale("draws", 15),
        given.integer("wave", 5),
        given.optionalNumber("threshold").map(OptionalDouble::of).orElseGet(OptionalDouble::empty));
  }

  @Override
  public String type() {
    return TAG;
  }

  @Override
  public SequencedMap<String, Object> parameters() {
    SequencedMap<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("width", width.plain());
    parameters.put("draws", draws.plain());
    parameters.put("wave", wave);
    threshold.ifPresent(value -> parameters.put("threshold", value));
    return parameters;
  }

  @Override
  public int firstDraws(int scale) {
    return Math.min(wave, draws.at(scale));
  }

  @Override
  public Selection select(Round round) {
    List<Ranked> drawn = round.ranked().stream().filter(Ranked::drawn).toList();
    List<Ranked> kept = drawn.stream().limit(width.at(round.scale())).toList();
    int next = passes(round, drawn) ? 0 : Math.min(wave, left(round, round.scale()));
    return new Selection(survivors(round, kept), next == 0 ? List.of() : again(round, next));
  }

  private boolean passes(Round round, List<Ranked> drawn) {
    Optional<Ranked> best = drawn.stream().findFirst();
    if (best.isEmpty()) {
      return false;
    }
    double value = best.get().value();
    if (threshold.isPresent()) {
      return value >= threshold.getAsDouble();
    }
    OptionalDouble before =
        parents(round).stream()
            .flatMap(parent -> parent.fate().stream())
            .mapToDouble(Candidate.Fate::value)
            .max();
    return before.isPresent() && value > before.getAsDouble();
  }

  /// The draws that are left by the end of a scale.
  private int left(Round round, int scale) {
    long left = 0;
    for (int at = round.spec().firstScale(); at <= scale; at++) {
      left += draws.at(at) - (long) round.drawn(at);
    }
    return (int) Math.max(0, left);
  }

  /// The first wave of the next scale, shared out among the hypotheses; a carried rollout comes on
  /// top of it.
  private List<Survivor> survivors(Round round, List<Ranked> kept) {
    if (round.last()) {
      return kept.stream().map(each -> new Survivor(each.candidate(), 0)).toList();
    }
    int first = Math.min(wave, left(round, round.scale()) + draws.at(round.scale() + 1));
    List<Survivor> survivors = new ArrayList<>();
    for (int i = 0; i < kept.size(); i++) {
      Candidate candidate = kept.get(i).candidate();
      int carried = round.spec().carries(candidate) ? 1 : 0;
      survivors.add(new Survivor(candidate, share(first, kept.size(), i) + carried));
    }
    return survivors;
  }

  /// One more wave from the nodes that this scale's candidates were drawn from.
  private List<Growth> again(Round round, int wave) {
    List<Lineage> parents = parentsInOrder(round);
    List<Growth> growth = new ArrayList<>();
    for (int i = 0; i < parents.size(); i++) {
      int share = share(wave, parents.size(), i);
      if (share > 0) {
        growth.add(new Growth(parents.get(i), share));
      }
    }
    return growth;
  }

  /// The parents of this scale's candidates, best first; the origin at the first scale.
  private static List<Lineage> parentsInOrder(Round round) {
    if (round.scale() == round.spec().firstScale()) {
      return List.of(round.spec().origin());
    }
    return parents(round).stream()
        .sorted(
            Comparator.comparingInt(
                parent -> parent.fate().map(Candidate.Fate::rank).orElse(Integer.MAX_VALUE)))
        .map(Candidate::lineage)
        .toList();
  }

  private static List<Candidate> parents(Round round) {
    return round.ranked().stream()
        .flatMap(each -> round.parent(each.candidate()).stream())
        .distinct()
        .toList();
  }

  private static int share(int total, int parts, int part) {
    return total / parts + (part < total % parts ? 1 : 0);
  }

  @Override
  public Cost bound(SearchSpec spec) {
    int scales = spec.schedule().scales();
    Cost bound = Cost.NONE;
    for (int at = spec.firstScale(); at <= scales; at++) {
      int scale = at;
      Cost dearest =
          Stream.iterate(scale, later -> later <= scales, later -> later + 1)
              .map(later -> Plan.candidate(spec, later, false))
              .reduce(Cost.NONE, Cost::most);
      bound = bound.plus(dearest.times(draws.at(scale)));
      if (scale > spec.firstScale()) {
        bound = bound.plus(Cost.prefix(spec.schedule(), scale).times(width.at(scale - 1)));
      } else {
        bound = bound.plus(Cost.prefix(spec.schedule(), scale));
      }
    }
    return bound;
  }

  @Override
  public long mostCandidates(int firstScale, int scales) {
    long all = 0;
    for (int scale = firstScale; scale <= scales; scale++) {
      all += draws.at(scale) + (scale > firstScale ? width.at(scale - 1) : 0);
    }
    return all;
  }
}
