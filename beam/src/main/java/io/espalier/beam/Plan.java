package io.espalier.beam;

import java.util.Map;

/// What a search costs, before it is run.
///
/// For K scales, width w, branches c and full rollouts [#whole] counts the paper's NFE,
/// w·c·K(K+1)/2 without and w·c·K + w(c−1)·K(K−1)/2 with carried rollouts; with a rollout depth m
/// < K it counts w·c·(m(m+1)/2 + K − m) without, and K − m more for the first image, which is
/// completed to be compared.
public final class Plan {

  private Plan() {}

  /// The most that the whole search can cost, the completion of the first image included; for
  /// strategies that always draw as much, what it costs if no budget, target or deadline ends it
  /// early and every candidate can be drawn.
  public static Cost whole(SearchSpec spec) {
    return spec.strategy().bound(spec).plus(completion(spec, spec.reach(spec.firstScale())));
  }

  /// The token-forwards of the [whole][#whole] search in images of its generator, rounded up: what
  /// searches of one fleet are compared by, whatever its generator. At least 1.
  public static long size(SearchSpec spec) {
    Cost image = Cost.draw(spec.schedule(), 1, spec.schedule().scales());
    return Math.ceilDiv(whole(spec).tokenForwards(), image.tokenForwards());
  }

  /// One hypothesis, or the root, that draws a number of branches at a scale.
  static Cost expansion(SearchSpec spec, int scale, int draws) {
    Cost cost = Cost.NONE;
    for (int branch = 0; branch < draws; branch++) {
      cost = cost.plus(candidate(spec, scale, branch == 0));
    }
    return cost;
  }

  /// One drawn candidate; the lowest branch of a hypothesis is charged with the prefix.
  static Cost candidate(SearchSpec spec, int scale, boolean lowest) {
    Cost draw = Cost.draw(spec.schedule(), scale, spec.reach(scale));
    return lowest ? draw.plus(Cost.prefix(spec.schedule(), scale)) : draw;
  }

  /// Going on to the last scale with a rollout that ended at `depth`; nothing where it got there.
  static Cost completion(SearchSpec spec, int depth) {
    int scales = spec.schedule().scales();
    return depth == scales
        ? Cost.NONE
        : Cost.draw(spec.schedule(), depth + 1, scales)
            .plus(Cost.prefix(spec.schedule(), depth + 1));
  }

  /// How many candidates the origin may draw without passing the budget, completions kept in
  /// reserve.
  static int firstDraws(SearchSpec spec) {
    int draws = spec.strategy().firstDraws(spec.firstScale());
    if (spec.budget().maxNfe().isEmpty()) {
      return draws;
    }
    int reach = spec.reach(spec.firstScale());
    int drawing = reach - spec.firstScale() + 1;
    int completing = spec.schedule().scales() - reach;
    long left = spec.budget().maxNfe().getAsLong();
    long affordable = left < 2L * (drawing + completing) ? 1 : (left - 2L * completing) / drawing;
    return (int) Math.min(draws, affordable);
  }

  /// Whether the budget pays for draws, and for what is to be completed after them.
  ///
  /// @param draws how many are drawn, by scale
  static boolean affords(SearchSpec spec, Cost spent, Map<Integer, Integer> draws) {
    if (spec.budget().maxNfe().isEmpty()) {
      return true;
    }
    long nfe = spent.nfe() + completion(spec, spec.reach(spec.firstScale())).nfe();
    long completing = 0;
    for (Map.Entry<Integer, Integer> drawn : draws.entrySet()) {
      int scale = drawn.getKey();
      nfe += candidate(spec, scale, false).nfe() * drawn.getValue();
      completing = Math.max(completing, completion(spec, spec.reach(scale)).nfe());
    }
    return nfe + completing <= spec.budget().maxNfe().getAsLong();
  }
}
