package io.espalier.beam;

import io.espalier.beam.Round.Ranked;
import io.espalier.beam.Selection.Survivor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// Beam search: at the first scale the origin draws w·c candidates, at each later one each of the w
/// hypotheses draws c, and the w best of a scale are its hypotheses (the paper's beam search).
///
/// A width that falls from scale to scale is TTS-VAR's descending batch
/// ([arXiv 2507.18537](https://arxiv.org/abs/2507.18537)) and successive halving. At most
/// `perParent` survivors of one parent, and survivors that are chosen for spread at some scales,
/// keep a beam diverse: of these the best comes first, and each next one is the farthest from
/// those that are chosen, by a verifier's feature vectors (greedy farthest point).
///
/// @param width the hypotheses that are kept, by scale (w)
/// @param branches the branches of each hypothesis, by the scale that they are drawn at (c)
/// @param perParent the most survivors of one parent; 0 for any number
/// @param spread the scales whose survivors are chosen for spread
/// @param featuresOf the verifier whose feature vectors say how far apart two images are
public record BeamSearch(
    ByScale width, ByScale branches, int perParent, List<Integer> spread, String featuresOf)
    implements Strategy {

  static final String TAG = "beam";

  private static final String FEATURES = "clip";

  public BeamSearch {
    spread = List.copyOf(spread);
    Check.that(
        width.atLeast(1),
        "width is %s, but a beam needs at least 1 hypothesis at each scale",
        width);
    Check.that(
        branches.atLeast(1), "branches is %s, but a search needs at least 1 branch", branches);
    Check.that(
        perParent >= 0,
        "perParent is %d, but must be a number of survivors, or 0 for any number",
        perParent);
  }

  /// A plain beam.
  public BeamSearch(int width, int branches) {
    this(ByScale.of(width), ByScale.of(branches), 0, List.of(), FEATURES);
  }

  static BeamSearch of(Parameters given) {
    return new BeamSearch(
        given.byScale("width", 3),
        given.byScale("branches", 5),
        given.integer("perParent", 0),
        given.scales("spread"),
        given.text("features", FEATURES));
  }

  @Override
  public String type() {
    return TAG;
  }

  @Override
  public SequencedMap<String, Object> parameters() {
    SequencedMap<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("width", width.plain());
    parameters.put("branches", branches.plain());
    if (perParent > 0) {
      parameters.put("perParent", perParent);
    }
    if (!spread.isEmpty()) {
      parameters.put("spread", spread);
      parameters.put("features", featuresOf);
    }
    return parameters;
  }

  @Override
  public List<String> features() {
    return spread.isEmpty() ? List.of() : List.of(featuresOf);
  }

  @Override
  public int firstDraws(int scale) {
    return (int) Math.min(Integer.MAX_VALUE, (long) width.at(scale) * branches.at(scale));
  }

  @Override
  public Selection select(Round round) {
    List<Ranked> candidates = round.ranked().stream().filter(Ranked::drawn).toList();
    List<Ranked> ordered =
        spread.contains(round.scale()) ? Spread.order(candidates, featuresOf) : candidates;
    int offspring = branches.at(round.scale() + 1);
    Map<Lineage, Integer> siblings = new HashMap<>();
    List<Survivor> survivors = new ArrayList<>();
    for (Ranked each : ordered) {
      if (survivors.size() == width.at(round.scale())) {
        break;
      }
      int before = siblings.merge(each.lineage().parent(), 1, Integer::sum) - 1;
      if (perParent == 0 || round.scale() == round.spec().firstScale() || before < perParent) {
        survivors.add(new Survivor(each.candidate(), offspring));
      }
    }
    return Selection.of(survivors);
  }

  @Override
  public Cost bound(SearchSpec spec) {
    int first = spec.firstScale();
    int candidates = firstDraws(first);
    Cost cost = Plan.expansion(spec, first, candidates);
    for (int scale = first + 1; scale <= spec.schedule().scales(); scale++) {
      int hypotheses = Math.min(width.at(scale - 1), candidates);
      int draws = spec.draws(scale - 1, branches.at(scale));
      cost = cost.plus(Plan.expansion(spec, scale, draws).times(hypotheses));
      candidates = hypotheses * branches.at(scale);
    }
    return cost;
  }

  @Override
  public long mostCandidates(int firstScale, int scales) {
    long all = firstDraws(firstScale);
    for (int scale = firstScale + 1; scale <= scales; scale++) {
      all += (long) width.at(scale - 1) * branches.at(scale);
    }
    return all;
  }
}
