package io.espalier.beam;

import static io.espalier.beam.FakeModels.INFINITY;
import static io.espalier.beam.FakeModels.SCHEDULE;
import static io.espalier.beam.FakeModels.spec;
import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/// The cost of a search, against the paper's formulas and counts by hand. The small schedule has
/// K = 4 scales of 1, 4, 9 and 16 tokens.
class PlanTest {

  @Test
  void thePapersBeamOnInfinityTakes1365Evaluations() {
    SearchSpec spec = spec().schedule(INFINITY).strategy(new BeamSearch(3, 5)).build();
    assertThat(Plan.whole(withoutCarry(spec)).nfe()).isEqualTo(1365);
    assertThat(Plan.whole(spec).nfe()).isEqualTo(1131);
  }

  @Test
  void prefixesAreAFortiethOfThePapersBeam() {
    SearchSpec spec =
        withoutCarry(spec().schedule(INFINITY).strategy(new BeamSearch(3, 5)).build());
    long drawn = 2L * 15 * 120_297;
    long prefixes = 2L * 3 * 16_476;
    assertThat(Plan.whole(spec).tokenForwards()).isEqualTo(drawn + prefixes);
    assertThat((double) prefixes / drawn).isBetween(0.027, 0.0275);
  }

  @Test
  void randomSearchByHand() {
    // 3 images of 4 scales and 30 tokens, two guidance rows
    Cost cost = new Cost(3 * 4, 3 * 2 * 30, 3);
    SearchSpec spec = spec().strategy(new RandomSearch(3)).build();
    assertThat(Plan.whole(spec)).isEqualTo(cost);
    assertThat(FakeModels.run(spec).decision().cost()).isEqualTo(cost);
  }

  @Test
  void greedySearchByHand() {
    // Two branches a scale: scale 1 draws 30 tokens each, scale 2 draws 29 after a prefix of 1,
    // scale 3 draws 25 after 5, scale 4 draws 16 after 14. NFE 2·(4 + 3 + 2 + 1).
    Cost cost = new Cost(20, 2 * (2 * (30 + 29 + 25 + 16) + 1 + 5 + 14), 8);
    SearchSpec spec = spec().strategy(new GreedySearch(2)).carry(false).build();
    assertThat(Plan.whole(spec)).isEqualTo(cost);
    assertThat(FakeModels.run(spec).decision().cost()).isEqualTo(cost);
  }

  @Test
  void greedySearchWithCarriedRolloutsByHand() {
    // From scale 2 on one of the two branches is the rollout that won: NFE 2·4 + 3 + 2 + 1.
    Cost cost = new Cost(14, 2 * (2 * 30 + 29 + 25 + 16 + 1 + 5 + 14), 5);
    SearchSpec spec = spec().strategy(new GreedySearch(2)).build();
    assertThat(Plan.whole(spec)).isEqualTo(cost);
    assertThat(FakeModels.run(spec).decision().cost()).isEqualTo(cost);
  }

  @Test
  void aBeamOfTwoWithDepthTwoByHand() {
    // w = 2, c = 3, m = 2, carried: scale 1 draws 6 × scales 1..2 (5 tokens); scale 2 draws 2·2 × 4
    // tokens after 2 prefixes of 1; scales 3 and 4 draw 2·3 × 9 and × 16 after 2 prefixes of 5 and
    // 14.
    // The first image goes on from scale 2 to 4: 25 tokens after a prefix of 5.
    long tokens = 6 * 5 + 4 * 4 + 2 * 1 + 6 * 9 + 2 * 5 + 6 * 16 + 2 * 14 + 25 + 5;
    Cost cost = new Cost(6 * 2 + 4 + 6 + 6 + 2, 2 * tokens, 6 + 4 + 6 + 6 + 1);
    SearchSpec spec =
        spec().strategy(new BeamSearch(2, 3)).depth(new RolloutDepth.ToScale(2)).build();
    assertThat(Plan.whole(spec)).isEqualTo(cost);
    assertThat(FakeModels.run(spec).decision().cost()).isEqualTo(cost);
  }

  @Property
  void fullRolloutsCostWhatThePaperSays(
      @ForAll @IntRange(min = 1, max = 4) int w, @ForAll @IntRange(min = 1, max = 5) int c) {
    int k = SCHEDULE.scales();
    SearchSpec spec = spec().strategy(new BeamSearch(w, c)).build();
    assertThat(Plan.whole(withoutCarry(spec)).nfe()).isEqualTo((long) w * c * k * (k + 1) / 2);
    assertThat(Plan.whole(spec).nfe())
        .isEqualTo((long) w * c * k + (long) w * (c - 1) * k * (k - 1) / 2);
  }

  @Property
  void cutRolloutsCostWhatTheDesignSays(
      @ForAll @IntRange(min = 1, max = 4) int w,
      @ForAll @IntRange(min = 1, max = 5) int c,
      @ForAll @IntRange(min = 1, max = 4) int m) {
    int k = SCHEDULE.scales();
    int completingTheFirst = k - m;
    SearchSpec spec =
        spec()
            .strategy(new BeamSearch(w, c))
            .depth(new RolloutDepth.ToScale(m))
            .carry(false)
            .build();
    assertThat(Plan.whole(spec).nfe() - completingTheFirst)
        .isEqualTo((long) w * c * (m * (m + 1) / 2 + k - m));
  }

  @Property
  void scoringPrefixesCostsOneEvaluationPerCandidate(
      @ForAll @IntRange(min = 1, max = 4) int w, @ForAll @IntRange(min = 1, max = 5) int c) {
    int k = SCHEDULE.scales();
    SearchSpec spec =
        spec().strategy(new BeamSearch(w, c)).depth(new RolloutDepth.Prefix()).build();
    assertThat(Plan.whole(spec).nfe()).isEqualTo((long) w * c * k + (k - 1));
  }

  private static SearchSpec withoutCarry(SearchSpec spec) {
    return spec()
        .schedule(spec.schedule())
        .strategy(spec.strategy())
        .depth(spec.depth())
        .carry(false)
        .build();
  }
}
