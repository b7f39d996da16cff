package io.espalier.beam;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Everything that a search's result depends on.
///
/// @param schedule the generator's scales
/// @param base the node to start from; the root where absent
public record SearchSpec(
    String prompt,
    long seed,
    Schedule schedule,
    Strategy strategy,
    RolloutDepth depth,
    boolean carry,
    AnswerRule answer,
    Combine combine,
    List<Criterion> criteria,
    Budget budget,
    Sampling sampling,
    Optional<Base> base) {

  /// The most candidates that a search tree may hold: it is kept, sent and stored as a whole.
  public static final int LARGEST_TREE = 10_000;

  public SearchSpec {
    criteria = List.copyOf(criteria);
    Check.that(!prompt.isBlank(), "the prompt is empty; say what the picture should show");
    Check.that(!criteria.isEmpty(), "a search needs at least one verifier");
    Check.that(
        criteria.stream().anyMatch(criterion -> criterion.weight() > 0),
        "no verifier has a positive weight; give one at least");
    Check.that(
        criteria.stream()
            .anyMatch(criterion -> criterion.weight() > 0 && criterion.best().isEmpty()),
        "every verifier that steers sees only the best of a scale; one of them has to see all");
    Set<String> names = new HashSet<>();
    for (Criterion criterion : criteria) {
      Check.that(
          names.add(criterion.verifier()), "verifier %s is named twice", criterion.verifier());
    }
    for (String verifier : strategy.features()) {
      Check.that(
          names.contains(verifier),
          "the strategy compares images by the features of %s, which is none of the search's"
              + " verifiers",
          verifier);
    }
    int scales = schedule.scales();
    sampling.checkScales(scales);
    int deepest = depth.deepest();
    Check.that(
        deepest <= scales,
        "the rollout depth %d is beyond the generator's last scale, %d",
        deepest,
        scales);
    int first = base.map(b -> b.lineage().scale()).orElse(0) + 1;
    Check.that(
        first <= scales,
        "the base lies at the last scale, %d; there is nothing left to draw",
        scales);
    int image = scales - first + 1;
    long candidates = strategy.mostCandidates(first, scales);
    Check.that(
        candidates <= LARGEST_TREE,
        "the search tree would hold %d candidates, but may hold at most %d; take fewer images,"
            + " hypotheses or branches",
        candidates,
        LARGEST_TREE);
    Check.that(
        budget.maxNfe().isEmpty() || budget.maxNfe().getAsLong() >= image,
        "max-nfe is %s, but one image takes %d function evaluations",
        budget.maxNfe().isPresent() ? budget.maxNfe().getAsLong() : "",
        image);
  }

  /// The lineage that the first candidates are drawn from.
  public Lineage origin() {
    return base.map(Base::lineage).orElse(Lineage.root());
  }

  /// The scale of the first candidates.
  public int firstScale() {
    return origin().scale() + 1;
  }

  /// The last scale drawn for a candidate of a scale.
  public int reach(int scale) {
    return strategy.expands() ? depth.reach(scale, schedule.scales()) : schedule.scales();
  }

  /// Whether hypotheses of a scale are carried over to the next one: their rollout reaches as far
  /// as the draws that it is compared with there.
  boolean carriesFrom(int scale) {
    return carry
        && scale < schedule.scales()
        && reach(scale) > scale
        && reach(scale) == reach(scale + 1);
  }

  /// Whether a candidate is carried over if it survives.
  boolean carries(Candidate candidate) {
    return carriesFrom(candidate.lineage().scale());
  }

  /// How many branches a hypothesis of a scale draws, of so many that it has.
  int draws(int scale, int branches) {
    return carriesFrom(scale) ? branches - 1 : branches;
  }

  /// The verifiers that see every candidate of a scale.
  List<String> verifiersOfAll(int scale) {
    return criteria.stream()
        .filter(criterion -> criterion.sees(scale) == Integer.MAX_VALUE)
        .map(Criterion::verifier)
        .toList();
  }

  List<String> verifiers() {
    return criteria.stream().map(Criterion::verifier).toList();
  }
}
