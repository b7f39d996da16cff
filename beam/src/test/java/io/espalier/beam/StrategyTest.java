package io.espalier.beam;

import static io.espalier.beam.FakeModels.run;
import static io.espalier.beam.FakeModels.spec;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/// What each strategy is for, and its plain form.
class StrategyTest {

  @Provide
  static Arbitrary<double[]> weights() {
    return Arbitraries.doubles()
        .between(0, 1)
        .list()
        .ofMinSize(1)
        .ofMaxSize(12)
        .filter(list -> list.stream().mapToDouble(d -> d).sum() > 0)
        .map(
            list -> {
              double sum = list.stream().mapToDouble(d -> d).sum();
              return list.stream().mapToDouble(d -> d / sum).toArray();
            });
  }

  @Property
  void systematicResamplingKeepsTheSumAndStaysWithinOneOfTheExpectation(
      @ForAll("weights") double[] weights,
      @ForAll @IntRange(min = 1, max = 40) int total,
      @ForAll @DoubleRange(max = 0.99) double uniform) {
    int[] offspring = SequentialMonteCarlo.resample(weights, total, uniform);
    int sum = 0;
    for (int i = 0; i < weights.length; i++) {
      assertThat((double) offspring[i]).isCloseTo(total * weights[i], within(1.000001));
      sum += offspring[i];
    }
    assertThat(sum).isEqualTo(total);
  }

  @Test
  void withLambdaZeroParticlesAreRandomDraws() {
    for (long seed = 0; seed < 20; seed++) {
      Decision particles = run(spec().seed(seed).strategy(smc(6, 0)).build()).decision();
      Decision random = run(spec().seed(seed).strategy(new RandomSearch(6)).build()).decision();
      assertThat(particles.cost()).isEqualTo(random.cost());
      assertThat(renditions(particles)).isEqualTo(renditions(random));
      assertThat(particles.answer().orElseThrow().rendition())
          .isEqualTo(random.answer().orElseThrow().rendition());
    }
  }

  @Test
  void withALargeLambdaParticlesAreGreedy() {
    int compared = 0;
    for (long seed = 0; seed < 20; seed++) {
      Decision particles = run(spec().seed(seed).strategy(smc(6, 1e9)).build()).decision();
      Decision greedy = run(spec().seed(seed).strategy(new GreedySearch(6)).build()).decision();
      if (tied(greedy)) {
        continue; // the best two share the offspring
      }
      compared++;
      assertThat(particles.cost()).isEqualTo(greedy.cost());
      assertThat(renditions(particles)).isEqualTo(renditions(greedy));
      assertThat(particles.answer()).isEqualTo(greedy.answer());
    }
    assertThat(compared).isGreaterThan(10);
  }

  private static boolean tied(Decision decision) {
    return IntStream.rangeClosed(1, 3)
        .anyMatch(
            scale -> {
              List<Double> values =
                  decision.tree().stream()
                      .filter(node -> node.lineage().scale() == scale)
                      .map(node -> node.fate().orElseThrow().value())
                      .sorted(Comparator.reverseOrder())
                      .toList();
              return values.get(0) - values.get(1) < 1e-6;
            });
  }

  @Property(tries = 100)
  void offspringAddUpToTheParticlesOfTheNextScale(
      @ForAll long seed, @ForAll @DoubleRange(max = 4) double lambda) {
    ByScale particles = ByScale.of(7, 5, 6, 2);
    Decision decision =
        run(spec()
                .seed(seed)
                .strategy(
                    new SequentialMonteCarlo(
                        particles, lambda, SequentialMonteCarlo.Potential.SUM, List.of(2)))
                .build())
            .decision();
    for (int scale = 1; scale <= 4; scale++) {
      int at = scale;
      List<Candidate> nodes =
          decision.tree().stream().filter(node -> node.lineage().scale() == at).toList();
      assertThat(nodes).hasSize(particles.at(at));
      int offspring = nodes.stream().mapToInt(node -> node.fate().orElseThrow().offspring()).sum();
      assertThat(offspring).isEqualTo(at == 4 ? 0 : particles.at(at + 1));
    }
  }

  @Test
  void aDifferenceIsTheValueAtTheFirstScaleAndTheRiseAfterIt() {
    boolean differs = false;
    for (long seed = 0; seed < 10; seed++) {
      Decision byValue = weighed(seed, SequentialMonteCarlo.Potential.VALUE);
      Decision byDifference = weighed(seed, SequentialMonteCarlo.Potential.DIFFERENCE);
      assertThat(offspring(byDifference, 1)).isEqualTo(offspring(byValue, 1));
      differs |= !offspring(byDifference, 2).equals(offspring(byValue, 2));
    }
    assertThat(differs).isTrue();
  }

  private static Decision weighed(long seed, SequentialMonteCarlo.Potential potential) {
    return run(spec().seed(seed).strategy(smc(5, 1.5, potential)).build()).decision();
  }

  @Test
  void aScaleThatPassesItsThresholdAtOnceLeavesItsDrawsToLaterScales() {
    Decision decision =
        run(spec().carry(false).strategy(threshold(1, ByScale.of(6), 2, -1e9)).build()).decision();
    for (int scale = 1; scale <= 4; scale++) {
      assertThat(drawn(decision, scale)).isEqualTo(2);
    }
  }

  @Test
  void aThresholdThatIsNeverPassedSpendsEveryDrawAtItsOwnScale() {
    Decision decision =
        run(spec().carry(false).strategy(threshold(2, ByScale.of(6), 4, 1e9)).build()).decision();
    for (int scale = 1; scale <= 4; scale++) {
      assertThat(drawn(decision, scale)).isEqualTo(6);
    }
  }

  @Test
  void drawsThatAnEasyScaleLeavesOverAreSpentAtAHardOne() {
    // Without a threshold the first scale spends all of its draws; a later one ends once a
    // candidate is better than the hypothesis it came from.
    int more = 0;
    for (long seed = 0; seed < 40; seed++) {
      Decision decision =
          run(spec()
                  .seed(seed)
                  .carry(false)
                  .strategy(
                      new ThresholdSearch(ByScale.of(1), ByScale.of(6), 2, OptionalDouble.empty()))
                  .build())
              .decision();
      assertThat(drawn(decision, 1)).isEqualTo(6);
      int soFar = 0;
      for (int scale = 1; scale <= 4; scale++) {
        soFar += drawn(decision, scale);
        assertThat(soFar).isLessThanOrEqualTo(6 * scale);
        more += drawn(decision, scale) > 6 ? 1 : 0;
      }
    }
    assertThat(more).isPositive();
  }

  @Test
  void aNodeThatIsDrawnFromInSeveralWavesHasTheOffspringOfAllOfThem() {
    Decision decision =
        run(spec().strategy(threshold(2, ByScale.of(6), 2, 1e9)).build()).decision();
    for (Candidate node : decision.tree()) {
      long children =
          decision.tree().stream()
              .filter(child -> child.lineage().scale() > 1)
              .filter(child -> child.lineage().parent().equals(node.lineage()))
              .count();
      assertThat(node.fate().orElseThrow().offspring()).isEqualTo((int) children);
    }
  }

  @Test
  void backtrackingExpandsTheBestOpenCandidatesWhateverTheirScale() {
    boolean wentBack = false;
    for (long seed = 0; seed < 30; seed++) {
      SearchSpec spec =
          spec().seed(seed).carry(false).strategy(new BacktrackingSearch(2, 3, 6)).build();
      Decision decision = run(spec).decision();
      Map<Integer, List<Candidate>> rounds =
          decision.tree().stream()
              .filter(node -> node.fate().map(Candidate.Fate::kept).orElse(false))
              .collect(Collectors.groupingBy(node -> node.fate().orElseThrow().round()));
      assertThat(rounds).hasSize(6);
      int deepest = 0;
      for (int round = 1; round <= 6; round++) {
        List<Candidate> kept = rounds.getOrDefault(round, List.of());
        assertThat(kept).hasSize(2);
        int reached = deepest;
        wentBack |= round < 6 && kept.stream().anyMatch(n -> n.lineage().scale() < reached);
        deepest =
            Math.max(deepest, kept.stream().mapToInt(n -> n.lineage().scale()).max().orElseThrow());
      }
    }
    assertThat(wentBack).isTrue();
  }

  @Property(tries = 50)
  void atMostSoManySurvivorsHaveOneParent(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 2) int perParent) {
    Decision decision =
        run(spec()
                .seed(seed)
                .strategy(
                    new BeamSearch(ByScale.of(4), ByScale.of(3), perParent, List.of(), "clip"))
                .build())
            .decision();
    Map<Lineage, Long> siblings =
        decision.tree().stream()
            .filter(node -> node.lineage().scale() > 1 && node.fate().orElseThrow().kept())
            .collect(Collectors.groupingBy(n -> n.lineage().parent(), Collectors.counting()));
    assertThat(siblings.values()).allMatch(count -> count <= perParent);
  }

  @Test
  void spreadTakesTheBestFirstAndThenTheFarthest() {
    List<Round.Ranked> ranked = new ArrayList<>();
    float[][] features = {{0, 0}, {1, 0}, {9, 0}, {0, 7}};
    for (int i = 0; i < features.length; i++) {
      ranked.add(ranked(i, features[i]));
    }
    assertThat(Spread.order(ranked, "clip").stream().map(each -> each.lineage().toString()))
        .containsExactly("0", "2", "3", "1");
  }

  private static Round.Ranked ranked(int number, float... features) {
    Lineage lineage = Lineage.root().child(number);
    Rendition rendition = new Rendition("b" + number, "i" + number);
    List<Float> vector = new ArrayList<>();
    for (float each : features) {
      vector.add(each);
    }
    Candidate candidate =
        Candidate.awaited(lineage, 4, Cost.NONE, List.of("clip"))
            .answered(
                new SearchEvent.Scored(lineage, rendition, "clip", -number, vector, Set.of()));
    return new Round.Ranked(candidate, 1, -number);
  }

  @Property(tries = 50)
  void aVerifierOfATierSeesTheBestOfEachScaleAlone(
      @ForAll long seed, @ForAll @IntRange(min = 0, max = 5) int best) {
    SearchSpec spec =
        spec()
            .seed(seed)
            .carry(false)
            .criteria(
                new Criterion("clip", 1, 10, 60),
                new Criterion("reward", 2, -5, 70, Optional.of(ByScale.of(best))))
            .build();
    Decision decision = run(spec).decision();
    for (int scale = 1; scale <= 4; scale++) {
      int at = scale;
      List<Candidate> byClip =
          decision.tree().stream()
              .filter(node -> node.lineage().scale() == at)
              .sorted(
                  Comparator.comparingDouble((Candidate node) -> -score(node, "clip"))
                      .thenComparing(Candidate::lineage))
              .toList();
      for (int i = 0; i < byClip.size(); i++) {
        assertThat(byClip.get(i).result().orElseThrow().scores().containsKey("reward"))
            .isEqualTo(i < best);
      }
    }
  }

  @Test
  void aTierThatIsWideEnoughForAllChangesNoFate() {
    Decision plain = run(spec().build()).decision();
    Decision tiered =
        run(spec()
                .criteria(
                    new Criterion("clip", 1, 10, 60),
                    new Criterion("reward", 2, -5, 70, Optional.of(ByScale.of(100))))
                .build())
            .decision();
    assertThat(tiered.answer()).isEqualTo(plain.answer());
    assertThat(tiered.tree().stream().map(Candidate::fate))
        .isEqualTo(plain.tree().stream().map(Candidate::fate).toList());
  }

  @Test
  void aSearchStopsOnceItsImageIsRightWithTheProbabilityAskedFor() {
    Decision whole = run(spec().build()).decision();
    double score = whole.answer().orElseThrow().score();
    Calibration calibration =
        new Calibration(
            List.of(new Calibration.Point(score - 100, 0), new Calibration.Point(score + 100, 1)));
    Decision stopped =
        run(spec().confidence(new Budget.Confidence(0.4, calibration)).build()).decision();
    assertThat(stopped.reason())
        .startsWith("the image is right with a probability of at least 0.4");
    assertThat(stopped.cost().nfe()).isLessThan(whole.cost().nfe());
    assertThat(run(spec().confidence(new Budget.Confidence(0.6, calibration)).build()).decision())
        .isEqualTo(whole);
  }

  @Test
  void aCalibrationIsLinearBetweenItsPointsAndLevelOutside() {
    Calibration calibration =
        new Calibration(List.of(new Calibration.Point(-1, 0.2), new Calibration.Point(3, 0.8)));
    assertThat(calibration.probability(-5)).isEqualTo(0.2);
    assertThat(calibration.probability(1)).isCloseTo(0.5, within(1e-12));
    assertThat(calibration.probability(3)).isEqualTo(0.8);
    assertThat(calibration.probability(9)).isEqualTo(0.8);
    assertThatThrownBy(
            () ->
                new Calibration(
                    List.of(new Calibration.Point(1, 0.2), new Calibration.Point(1, 0.8))))
        .hasMessageContaining("must rise");
  }

  @Test
  void aWatcherThatDoesNotSeeTheGainIsAWarning() {
    List<Criterion> criteria =
        List.of(new Criterion("clip", 1, 0, 1), new Criterion("watcher", 0, 0, 2));
    Scoring first = scoring(Map.of("clip", 0.0, "watcher", 1.0));
    assertThat(Watchers.warnings(first, scoring(Map.of("clip", 2.0, "watcher", 0.5)), criteria))
        .singleElement()
        .asString()
        .contains("watcher, which only watches")
        .contains("2.00")
        .contains("-0.25");
    assertThat(Watchers.warnings(first, scoring(Map.of("clip", 2.0, "watcher", 1.5)), criteria))
        .isEmpty();
    assertThat(Watchers.warnings(first, scoring(Map.of("clip", 0.4, "watcher", 0.5)), criteria))
        .isEmpty();
    assertThat(Watchers.warnings(first, scoring(Map.of("clip", 2.0)), criteria)).isEmpty();
  }

  private static Scoring scoring(Map<String, Double> scores) {
    return new Scoring(Lineage.parse("0"), 4, new Rendition("b", "i"), 0, scores);
  }

  @Property(tries = 200)
  void aStrategyIsReadFromItsPlainForm(@ForAll("specs") SearchSpec spec) {
    Strategy strategy = spec.strategy();
    assertThat(Strategy.of(strategy.plain())).isEqualTo(strategy);
    assertThat(strategy.describe()).startsWith(strategy.type() + "(");
  }

  @Provide
  static Arbitrary<SearchSpec> specs() {
    return SearchTest.specs();
  }

  @Test
  void aTextIsAStrategyWithDefaultsForWhatItDoesNotSay() {
    assertThat(Strategy.of(Strategy.plain("beam"))).isEqualTo(new BeamSearch(3, 5));
    assertThat(Strategy.of(Strategy.plain("beam:width=4/2, branches=6")))
        .isEqualTo(new BeamSearch(ByScale.of(4, 2), ByScale.of(6), 0, List.of(), "clip"));
    assertThat(Strategy.of(Strategy.plain("smc:particles=8/4,at=1/3")).describe())
        .isEqualTo("smc(particles 8/4, lambda 2, potential value, at 1/3)");
    assertThat(Strategy.of(Strategy.plain("smc:potential=max,at=1/3")))
        .isEqualTo(
            new SequentialMonteCarlo(
                ByScale.of(15), 2, SequentialMonteCarlo.Potential.MAX, List.of(1, 3)));
  }

  @Test
  void whatIsNoStrategyIsRefusedByName() {
    refused(() -> Strategy.of(Map.of()), "can be random, greedy, beam");
    refused(() -> Strategy.of(Map.of("type", "bean")), "'bean'");
    refused(
        () -> Strategy.of(Map.of("type", "beam", "widht", 3)),
        "the strategy beam has no parameter 'widht'; it has width, branches");
    refused(() -> Strategy.of(Map.of("type", "beam", "width", 2.5)), "must be a whole number");
    refused(() -> Strategy.of(Map.of("type", "beam", "width", Map.of())), "must be a number");
    refused(() -> Strategy.of(Map.of("type", "beam", "width", List.of())), "is empty");
    refused(() -> Strategy.of(Map.of("type", "beam", "width", 1e300)), "must be a whole number");
    refused(() -> Strategy.of(Map.of("type", "smc", "lambda", -1)), "lambda is -1.0");
    refused(
        () -> Strategy.of(Map.of("type", "smc", "potential", "best")),
        "must be value, max, difference, sum");
    refused(() -> Strategy.of(Map.of("type", "smc", "at", List.of(0))), "counted from 1");
    refused(() -> Strategy.plain("beam:width"), "'width' is no parameter");
    refused(() -> Strategy.plain("beam:width=3,width=4"), "for the second time");
    refused(() -> Strategy.plain("beam:type=random"), "for the second time");
    refused(
        () -> spec().strategy(Strategy.of(Strategy.plain("beam:spread=1,features=eye"))).build(),
        "by the features of eye, which is none of");
  }

  private static void refused(Runnable made, String message) {
    assertThatThrownBy(made::run)
        .isInstanceOf(InvalidSearchException.class)
        .hasMessageContaining(message);
  }

  private static SequentialMonteCarlo smc(int particles, double lambda) {
    return smc(particles, lambda, SequentialMonteCarlo.Potential.VALUE);
  }

  private static SequentialMonteCarlo smc(
      int particles, double lambda, SequentialMonteCarlo.Potential potential) {
    return new SequentialMonteCarlo(ByScale.of(particles), lambda, potential, List.of());
  }

  private static ThresholdSearch threshold(int width, ByScale draws, int wave, double passes) {
    return new ThresholdSearch(ByScale.of(width), draws, wave, OptionalDouble.of(passes));
  }

  private static double score(Candidate node, String verifier) {
    return new LinkedHashMap<>(node.result().orElseThrow().scores()).getOrDefault(verifier, 0.0);
  }

  private static Set<Rendition> renditions(Decision decision) {
    return decision.tree().stream()
        .map(node -> node.result().orElseThrow().rendition())
        .collect(Collectors.toSet());
  }

  private static List<Integer> offspring(Decision decision, int scale) {
    return decision.tree().stream()
        .filter(node -> node.lineage().scale() == scale)
        .map(node -> node.fate().orElseThrow().offspring())
        .toList();
  }

  private static int drawn(Decision decision, int scale) {
    return (int)
        decision.tree().stream()
            .filter(node -> node.lineage().scale() == scale && !node.lineage().carried())
            .count();
  }
}
