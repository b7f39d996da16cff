package io.espalier.beam;

import io.espalier.beam.Round.Ranked;
import io.espalier.beam.Selection.Survivor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// Best-first search: in every round the w best of all candidates that were not expanded yet,
/// whatever their scale, draw c branches each. So a search can leave a subtree that turns out bad
/// and go back to an earlier scale. After *Inference-time Scaling of Diffusion Models through
/// Classical Search* ([arXiv 2505.23614](https://arxiv.org/abs/2505.23614)).
///
/// Scores of different scales are compared as they are, which is fair with full rollouts.
///
/// @param width the candidates that are expanded in a round (w)
/// @param branches the branches of each (c)
/// @param rounds the rounds in which candidates are drawn, the first one included; 0 for as many as
///     there are scales
public record BacktrackingSearch(int width, int branches, int rounds) implements Strategy {

  static final String TAG = "backtracking";

  public BacktrackingSearch {
    Check.that(width > 0, "width is %d, but a search needs at least 1 hypothesis", width);
    Check.that(branches > 0, "branches is %d, but a search needs at least 1 branch", branches);
    Check.that(
        rounds >= 0, "rounds is %d, but must be a number, or 0 for one for each scale", rounds);
  }

  static BacktrackingSearch of(Parameters given) {
    return new BacktrackingSearch(
        given.integer("width", 3), given.integer("branches", 5), given.integer("rounds", 0));
  }

  @Override
  public String type() {
    return TAG;
  }

  @Override
  public SequencedMap<String, Object> parameters() {
    SequencedMap<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("width", width);
    parameters.put("branches", branches);
    if (rounds > 0) {
      parameters.put("rounds", rounds);
    }
    return parameters;
  }

  @Override
  public boolean acrossScales() {
    return true;
  }

  @Override
  public int firstDraws(int scale) {
    return (int) Math.min(Integer.MAX_VALUE, (long) width * branches);
  }

  @Override
  public Selection select(Round round) {
    int scales = round.spec().schedule().scales();
    boolean over = round.number() >= rounds(round.spec().firstScale(), scales);
    List<Ranked> open = round.ranked().stream().filter(Ranked::drawn).toList();
    return Selection.of(
        open.stream()
            .filter(each -> over || each.lineage().scale() < scales)
            .limit(width)
            .map(each -> new Survivor(each.candidate(), over ? 0 : branches))
            .toList());
  }

  private int rounds(int firstScale, int scales) {
    return rounds == 0 ? scales - firstScale + 1 : rounds;
  }

  @Override
  public Cost bound(SearchSpec spec) {
    int first = spec.firstScale();
    int scales = spec.schedule().scales();
    Cost round = Cost.NONE;
    for (int scale = first + 1; scale <= scales; scale++) {
      round = round.most(Plan.expansion(spec, scale, spec.draws(scale - 1, branches)));
    }
    return Plan.expansion(spec, first, firstDraws(first))
        .plus(round.times((long) width * (rounds(first, scales) - 1)));
  }

  @Override
  public long mostCandidates(int firstScale, int scales) {
    return firstDraws(firstScale) + (long) width * branches * (rounds(firstScale, scales) - 1L);
  }
}
