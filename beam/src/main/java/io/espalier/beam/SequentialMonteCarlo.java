package io.espalier.beam;

import io.espalier.beam.Round.Ranked;
import io.espalier.beam.Selection.Survivor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// Sequential Monte Carlo: prefixes are particles, and after a scale they are resampled in
/// proportion to exp(λ · potential).
///
/// ```
/// scale s is over:  G_i  = potential(scores of particle i and of its ancestors)
///                   w_i  ∝ exp(λ · G_i)          where s is a resampling scale, else all alike
///                   n_i  = systematic resampling of N(s+1) offspring from w
///                   particle i has n_i offspring; n_i = 0 ends it
/// ```
///
/// With carried rollouts the first offspring of a particle is its own rollout, so only duplicates
/// cost anything. With λ = 0 every particle has one offspring, which is random search; with a
/// large λ all offspring are the best one's, which is greedy search. Systematic resampling gives a
/// particle ⌊N·w⌋ or ⌈N·w⌉ offspring. After TTS-VAR
/// ([arXiv 2507.18537](https://arxiv.org/abs/2507.18537)), whose potentials these are, and FK
/// steering ([arXiv 2501.06848](https://arxiv.org/abs/2501.06848)).
///
/// @param particles how many there are, by scale
/// @param lambda how much a potential counts (λ)
/// @param potential what a particle is weighed by
/// @param at the resampling scales; every scale where there are none
public record SequentialMonteCarlo(
    ByScale particles, double lambda, Potential potential, List<Integer> at) implements Strategy {

  static final String TAG = "smc";

  /// What a particle is weighed by: a function of its scores, scale by scale.
  public enum Potential {
    /// The last score.
    VALUE,
    /// The best score of all.
    MAX,
    /// By how much the score rose since the scale before, or since the last resampling.
    DIFFERENCE,
    /// The sum of all scores.
    SUM
  }

  public SequentialMonteCarlo {
    at = List.copyOf(at);
    Check.that(
        particles.atLeast(1),
        "particles is %s, but a search needs at least 1 particle at each scale",
        particles);
    Check.that(
        lambda >= 0 && Double.isFinite(lambda),
        "lambda is %s, but must be a finite number that is not negative",
        lambda);
  }

  static SequentialMonteCarlo of(Parameters given) {
    return new SequentialMonteCarlo(
        given.byScale("particles", 15),
        given.number("lambda", 2),
        given.choice("potential", Potential.VALUE),
        given.scales("at"));
  }

  @Override
  public String type() {
    return TAG;
  }

  @Override
  public SequencedMap<String, Object> parameters() {
    SequencedMap<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("particles", particles.plain());
    parameters.put("lambda", lambda);
    parameters.put("potential", Parameters.word(potential));
    if (!at.isEmpty()) {
      parameters.put("at", at);
    }
    return parameters;
  }

  @Override
  public int firstDraws(int scale) {
    return particles.at(scale);
  }

  @Override
  public Selection select(Round round) {
    List<Ranked> alive = alive(round.ranked());
    if (alive.isEmpty()) {
      return Selection.of(List.of());
    }
    if (round.last()) {
      return Selection.of(alive.stream().map(each -> new Survivor(each.candidate(), 0)).toList());
    }
    List<Ranked> inOrder = alive.stream().sorted(Comparator.comparing(Ranked::lineage)).toList();
    int[] offspring =
        resample(weights(round, inOrder), particles.at(round.scale() + 1), round.uniforms(1)[0]);
    List<Survivor> survivors = new ArrayList<>();
    for (Ranked each : alive) {
      int count = offspring[inOrder.indexOf(each)];
      if (count > 0) {
        survivors.add(new Survivor(each.candidate(), count));
      }
    }
    return Selection.of(survivors);
  }

  /// Those with an image and as many scores as any other has.
  private static List<Ranked> alive(List<Ranked> ranked) {
    int most = ranked.stream().mapToInt(Ranked::scores).max().orElse(0);
    return ranked.stream().filter(each -> each.drawn() && each.scores() == most).toList();
  }

  private double[] weights(Round round, List<Ranked> particlesInOrder) {
    double[] potentials = new double[particlesInOrder.size()];
    if (at.isEmpty() || at.contains(round.scale())) {
      for (int i = 0; i < potentials.length; i++) {
        potentials[i] =
            lambda * potentialOf(round.history(particlesInOrder.get(i)), round.spec().firstScale());
      }
    }
    double highest = Double.NEGATIVE_INFINITY;
    for (double each : potentials) {
      highest = Math.max(highest, each);
    }
    double[] weights = new double[potentials.length];
    double sum = 0;
    for (int i = 0; i < weights.length; i++) {
      weights[i] = StrictMath.exp(potentials[i] - highest);
      sum += weights[i];
    }
    for (int i = 0; i < weights.length; i++) {
      weights[i] /= sum;
    }
    return weights;
  }

  /// The potential of a history whose first value is that of the scale `firstScale`.
  private double potentialOf(double[] history, int firstScale) {
    double last = history[history.length - 1];
    return switch (potential) {
      case VALUE -> last;
      case MAX -> {
        double best = last;
        for (double value : history) {
          best = Math.max(best, value);
        }
        yield best;
      }
      case DIFFERENCE -> {
        int before = history.length - 2;
        while (before >= 0 && !at.isEmpty() && !at.contains(firstScale + before)) {
          before--;
        }
        yield before < 0 ? last : last - history[before];
      }
      case SUM -> {
        double sum = 0;
        for (double value : history) {
          sum += value;
        }
        yield sum;
      }
    };
  }

  /// How many of `total` equally spaced points fall on each weight; Kitagawa, *Monte Carlo filter
  /// and smoother for non-Gaussian nonlinear state space models*, 1996.
  ///
  /// @param weights which sum to 1
  /// @param uniform where the points begin, in [0, 1)
  static int[] resample(double[] weights, int total, double uniform) {
    int[] offspring = new int[weights.length];
    double reached = 0;
    int point = 0;
    for (int i = 0; i < weights.length; i++) {
      reached += weights[i] * total;
      while (point < total && point + uniform < reached) {
        offspring[i]++;
        point++;
      }
    }
    // what rounding left over belongs to the last weight that is not zero
    int last = weights.length - 1;
    while (last > 0 && weights[last] == 0) {
      last--;
    }
    offspring[last] += total - point;
    return offspring;
  }

  @Override
  public Cost bound(SearchSpec spec) {
    int first = spec.firstScale();
    Cost cost = Plan.expansion(spec, first, particles.at(first));
    for (int scale = first + 1; scale <= spec.schedule().scales(); scale++) {
      cost = cost.plus(atMost(spec, scale, particles.at(scale)));
    }
    return cost;
  }

  /// The most that so many offspring can cost: no carried rollout more than one, or a prefix for
  /// each where every particle has one offspring and nothing is carried.
  private static Cost atMost(SearchSpec spec, int scale, int offspring) {
    int carried = spec.carriesFrom(scale - 1) ? 1 : 0;
    Cost oneParent = Plan.expansion(spec, scale, offspring - carried);
    Cost manyParents = Plan.expansion(spec, scale, 1).times(parentsThatDraw(offspring, carried));
    long rest = offspring - (long) (carried + 1) * parentsThatDraw(offspring, carried);
    Cost spreadOut = manyParents.plus(Plan.candidate(spec, scale, false).times(Math.max(0, rest)));
    return oneParent.most(spreadOut);
  }

  private static int parentsThatDraw(int offspring, int carried) {
    return offspring / (carried + 1);
  }

  @Override
  public long mostCandidates(int firstScale, int scales) {
    long all = 0;
    for (int scale = firstScale; scale <= scales; scale++) {
      all += particles.at(scale);
    }
    return all;
  }
}
