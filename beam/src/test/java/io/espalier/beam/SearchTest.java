package io.espalier.beam;

import static io.espalier.beam.FakeModels.run;
import static io.espalier.beam.FakeModels.spec;
import static io.espalier.beam.FakeModels.verifiers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.espalier.beam.Decision.Ending;
import io.espalier.beam.FakeModels.FakeGenerator;
import io.espalier.beam.FakeModels.FakeVerifier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class SearchTest {

  /// Strategies that always draw what they may.
  private static Arbitrary<Strategy> exactStrategies() {
    return Arbitraries.oneOf(
        Arbitraries.integers().between(1, 9).map(RandomSearch::new),
        Arbitraries.integers().between(1, 5).map(GreedySearch::new),
        Combinators.combine(byScale(4), byScale(4))
            .as((width, branches) -> new BeamSearch(width, branches, 0, List.of(), "clip")));
  }

  private static Arbitrary<Strategy> boundedStrategies() {
    Arbitrary<List<Integer>> someScales =
        Arbitraries.integers().between(1, 4).list().uniqueElements().ofMaxSize(3);
    return Arbitraries.oneOf(
        Combinators.combine(
                byScale(4), byScale(4), Arbitraries.integers().between(0, 2), someScales)
            .as(
                (width, branches, perParent, spread) ->
                    new BeamSearch(width, branches, perParent, spread, "clip")),
        Combinators.combine(
                byScale(7),
                Arbitraries.doubles().between(0, 5),
                Arbitraries.of(SequentialMonteCarlo.Potential.class),
                someScales)
            .as(SequentialMonteCarlo::new),
        Combinators.combine(
                byScale(3),
                byScale(6),
                Arbitraries.integers().between(1, 4),
                Arbitraries.doubles().between(-3, 6).optional())
            .as(
                (width, draws, wave, threshold) ->
                    new ThresholdSearch(
                        width,
                        draws,
                        wave,
                        threshold.map(OptionalDouble::of).orElse(OptionalDouble.empty()))),
        Combinators.combine(
                Arbitraries.integers().between(1, 3),
                Arbitraries.integers().between(1, 4),
                Arbitraries.integers().between(0, 7))
            .as(BacktrackingSearch::new));
  }

  private static Arbitrary<ByScale> byScale(int most) {
    return Arbitraries.integers()
        .between(1, most)
        .list()
        .ofMinSize(1)
        .ofMaxSize(4)
        .map(ByScale::new);
  }

  @Provide
  static Arbitrary<SearchSpec> exactSpecs() {
    return specsOf(exactStrategies());
  }

  @Provide
  static Arbitrary<SearchSpec> specs() {
    return specsOf(Arbitraries.oneOf(exactStrategies(), boundedStrategies()));
  }

  private static Arbitrary<SearchSpec> specsOf(Arbitrary<Strategy> strategies) {
    Arbitrary<RolloutDepth> oneDepth =
        Arbitraries.oneOf(
            Arbitraries.just(new RolloutDepth.Full()),
            Arbitraries.just(new RolloutDepth.Prefix()),
            Arbitraries.integers().between(1, 4).map(RolloutDepth.ToScale::new));
    Arbitrary<RolloutDepth> depths =
        Arbitraries.oneOf(
            oneDepth, oneDepth.list().ofMinSize(1).ofMaxSize(4).map(RolloutDepth.ByScale::new));
    Arbitrary<Optional<ByScale>> tiers =
        Arbitraries.integers()
            .between(0, 5)
            .list()
            .ofMinSize(1)
            .ofMaxSize(4)
            .map(ByScale::new)
            .optional();
    return Combinators.combine(
            Arbitraries.longs(),
            strategies,
            depths,
            Arbitraries.of(true, false),
            Arbitraries.of(AnswerRule.class),
            Arbitraries.of(Combine.class),
            tiers)
        .as(
            (seed, strategy, depth, carry, answer, combine, tier) ->
                spec()
                    .seed(seed)
                    .strategy(strategy)
                    .depth(depth)
                    .carry(carry)
                    .answer(answer)
                    .combine(combine)
                    .criteria(
                        new Criterion("clip", 1, 10, 60), new Criterion("reward", 2, -5, 70, tier))
                    .build());
  }

  @Property(tries = 300)
  void theLedgerIsWhatWasDrawnAndNeverAboveThePlan(@ForAll("specs") SearchSpec spec) {
    FakeGenerator generator = new FakeGenerator();
    Decision decision = run(spec, generator, verifiers(spec)).decision();
    Cost bound = answerCompletion(spec).plus(Plan.whole(spec));
    assertThat(decision.cost().nfe()).isLessThanOrEqualTo(bound.nfe());
    assertThat(decision.cost().tokenForwards()).isLessThanOrEqualTo(bound.tokenForwards());
    assertThat(decision.cost().images()).isLessThanOrEqualTo(bound.images());
    assertThat(decision.cost().nfe()).isEqualTo(generator.scalesDrawn.get());
    assertThat(decision.cost().images()).isEqualTo(generator.images.get());
    assertThat(searched(decision))
        .isLessThanOrEqualTo(spec.strategy().mostCandidates(1, spec.schedule().scales()));
  }

  /// What completing the answer takes where rollouts are cut.
  private static Cost answerCompletion(SearchSpec spec) {
    Cost most = Cost.NONE;
    for (int scale = 1; scale <= spec.schedule().scales(); scale++) {
      most = most.most(Plan.completion(spec, spec.reach(scale)));
    }
    return most;
  }

  private static long searched(Decision decision) {
    return decision.tree().stream().filter(node -> node.fate().isPresent()).count();
  }

  @Property(tries = 300)
  void theLedgerIsThePlanAndThePlanIsWhatWasDrawn(@ForAll("exactSpecs") SearchSpec spec) {
    FakeGenerator generator = new FakeGenerator();
    Cost cost = run(spec, generator, verifiers(spec)).decision().cost();
    assertThat(cost).isEqualTo(Plan.whole(spec));
    assertThat(cost.nfe()).isEqualTo(generator.scalesDrawn.get());
    assertThat(cost.images()).isEqualTo(generator.images.get());
  }

  @Property(tries = 200)
  void everyNodeOfTheTreeIsDrawnAgainFromSeedAndLineage(@ForAll("specs") SearchSpec spec) {
    Search.Outcome outcome = run(spec);
    for (Candidate node : outcome.decision().tree()) {
      Drawing again =
          Replay.draw(
              spec,
              new FakeGenerator(),
              Bits.none(FakeModels.BITS_PER_TOKEN),
              node.lineage(),
              node.depth());
      assertThat(again.rendition()).isEqualTo(node.result().orElseThrow().rendition());
    }
  }

  @Property(tries = 200)
  void theAnswerIsAFullImage(@ForAll("specs") SearchSpec spec) {
    Decision decision = run(spec).decision();
    assertThat(decision.ending()).isEqualTo(Ending.FOUND);
    assertThat(decision.answer().orElseThrow().depth()).isEqualTo(spec.schedule().scales());
    assertThat(decision.first().orElseThrow().depth()).isEqualTo(spec.schedule().scales());
    assertThat(decision.first().orElseThrow().lineage().key()).hasToString("0");
  }

  @Property(tries = 100)
  void threadsAndSlicesChangeNothing(@ForAll("specs") SearchSpec spec) throws Exception {
    Decision expected = run(spec).decision();
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      Decision parallel =
          Search.run(
                  spec, new FakeGenerator(), verifiers(spec), threads, 4, Optional.empty(), _ -> {})
              .decision();
      assertThat(parallel).isEqualTo(expected);
    }
  }

  /// Scores as the fake one does, and has a feature vector of each image.
  private record SeeingVerifier(FakeVerifier fake, AtomicInteger read) implements Verifier {

    @Override
    public String name() {
      return fake.name();
    }

    @Override
    public Scores score(String prompt, List<Image> images) {
      return fake.score(prompt, images);
    }

    @Override
    public Scores scoreWithFeatures(String prompt, List<Image> images) {
      read.addAndGet(images.size());
      List<List<Float>> features =
          images.stream().map(image -> List.of((float) image.rgb()[2])).toList();
      return new Scores(score(prompt, images).values(), features, Set.of());
    }
  }

  @Test
  void featuresAreReadOnlyOfTheVerifierThatTheStrategyNames() {
    SearchSpec plain = FakeModels.spec().build();
    SearchSpec spread =
        FakeModels.spec()
            .strategy(new BeamSearch(ByScale.of(3), ByScale.of(4), 0, List.of(2), "clip"))
            .build();
    AtomicInteger read = new AtomicInteger();
    List<Verifier> verifiers =
        List.of(
            new SeeingVerifier(new FakeVerifier("clip", 0), read),
            new SeeingVerifier(new FakeVerifier("reward", 1), new AtomicInteger()));

    run(plain, new FakeGenerator(), verifiers);
    assertThat(read).hasValue(0);

    Decision decision = run(spread, new FakeGenerator(), verifiers).decision();
    assertThat(read.get()).isEqualTo(decision.cost().images());
    assertThat(decision.tree())
        .allSatisfy(
            node -> {
              assertThat(node.features("clip")).hasSize(1);
              assertThat(node.features("reward")).isEmpty();
            });
  }

  /// Has threads of its own and answers only once something else ran on the search's one thread.
  private record RemoteVerifier(FakeVerifier fake, Executor own, Executor searching)
      implements Verifier {

    @Override
    public String name() {
      return fake.name();
    }

    @Override
    public Optional<Executor> ownThreads() {
      return Optional.of(own);
    }

    @Override
    public Scores score(String prompt, List<Image> images) {
      CompletableFuture.runAsync(() -> {}, searching).join();
      assertThat(images).hasSize(1);
      return fake.score(prompt, images);
    }
  }

  @Test
  void aVerifierWithThreadsOfItsOwnTakesNoneOfTheOthersAndChangesNothing() throws Exception {
    SearchSpec spec = spec().build();
    try (ExecutorService threads = Executors.newSingleThreadExecutor();
        ExecutorService own = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Verifier> remote =
          verifiers(spec).stream()
              .<Verifier>map(fake -> new RemoteVerifier((FakeVerifier) fake, own, threads))
              .toList();
      Decision decision =
          Search.run(spec, new FakeGenerator(), remote, threads, 1, Optional.empty(), _ -> {})
              .decision();
      assertThat(decision).isEqualTo(run(spec).decision());
    }
  }

  @Property(tries = 100)
  void aBudgetIsNeverPassed(@ForAll("specs") SearchSpec free) {
    long whole = Plan.whole(free).nfe();
    for (long maxNfe = free.schedule().scales(); maxNfe <= whole; maxNfe += 3) {
      SearchSpec spec =
          spec()
              .strategy(free.strategy())
              .depth(free.depth())
              .carry(free.carry())
              .answer(free.answer())
              .criteria(free.criteria().toArray(Criterion[]::new))
              .maxNfe(maxNfe)
              .build();
      Decision decision = run(spec).decision();
      assertThat(decision.cost().nfe()).isLessThanOrEqualTo(maxNfe);
      assertThat(decision.answer()).isPresent();
    }
  }

  @Test
  void anErrorInAModelCallEndsTheSearchWithItsReason() throws Exception {
    SearchSpec spec = spec().build();
    Generator outOfMemory =
        new FakeGenerator() {
          @Override
          public Drawn draw(SearchSpec search, Slice slice, Bits parent) {
            throw new OutOfMemoryError("no room for the slice");
          }
        };
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      Decision decision =
          Search.run(spec, outOfMemory, verifiers(spec), threads, 2, Optional.empty(), _ -> {})
              .decision();
      assertThat(decision.ending()).isEqualTo(Ending.FAILED);
      assertThat(decision.reason()).contains("OutOfMemoryError: no room for the slice");
    }
  }

  @Test
  void aBudgetThatPaysForTheWholeSearchDoesNotShortenIt() {
    SearchSpec free = spec().build();
    SearchSpec paid = spec().maxNfe(Plan.whole(free).nfe()).build();
    assertThat(run(paid).decision().tree()).isEqualTo(run(free).decision().tree());
  }

  @Test
  void withCarriedRolloutsTheBestScoreOfAFrontierNeverFalls() {
    for (long seed = 0; seed < 50; seed++) {
      Decision decision = run(spec().seed(seed).build()).decision();
      double before = Double.NEGATIVE_INFINITY;
      for (int scale = 1; scale <= 4; scale++) {
        int at = scale;
        double best =
            decision.tree().stream()
                .filter(node -> node.lineage().scale() == at && node.fate().orElseThrow().kept())
                .mapToDouble(node -> node.fate().orElseThrow().value())
                .max()
                .orElseThrow();
        assertThat(best).isGreaterThanOrEqualTo(before);
        before = best;
      }
      assertThat(decision.answer().orElseThrow().score()).isEqualTo(before);
    }
  }

  @Test
  void theBestEverImageIsTheBestThatWasScored() {
    Decision decision = run(spec().carry(false).build()).decision();
    double best =
        decision.tree().stream()
            .map(node -> node.result().orElseThrow().scores())
            .mapToDouble(scores -> Criterion.weighted(spec().build().criteria(), scores))
            .max()
            .orElseThrow();
    assertThat(decision.answer().orElseThrow().score()).isEqualTo(best);
  }

  @Test
  void theLastFrontierAnswersWithAnImageOfTheLastScale() {
    for (long seed = 0; seed < 20; seed++) {
      SearchSpec spec = spec().seed(seed).carry(false).answer(AnswerRule.LAST_FRONTIER).build();
      assertThat(run(spec).decision().answer().orElseThrow().lineage().scale()).isEqualTo(4);
    }
  }

  @Test
  void equalScoresGoToTheSmallerLineage() {
    SearchSpec spec = spec().carry(false).strategy(new BeamSearch(2, 3)).build();
    Decision decision =
        run(spec, new FakeGenerator(), List.of(new Constant("clip", 1), new Constant("reward", 1)))
            .decision();
    assertThat(kept(decision, 1)).containsExactly("0", "1");
    assertThat(kept(decision, 4)).containsExactly("0.0.0.0", "0.0.0.1");
    assertThat(decision.answer().orElseThrow().lineage()).hasToString("0");
  }

  @Test
  void ranksAreMeansOverVerifiersAndTiesShareThem() {
    double[] values =
        Combine.RANK.values(
            List.of(
                java.util.Map.of("a", 3.0, "b", 1.0),
                java.util.Map.of("a", 2.0, "b", 2.0),
                java.util.Map.of("a", 2.0)),
            List.of(new Criterion("a", 1, 0, 1), new Criterion("b", 3, 0, 1)));
    assertThat(values)
        .containsExactly(
            -(1 * 0.25 + 2 * 0.75), -(2.5 * 0.25 + 1 * 0.75), -(2.5 * 0.25 + 3 * 0.75));
  }

  @Test
  void aCandidateWithoutAScoreRanksAfterAllThatHaveIt() {
    // The reward verifier refuses every image that clip likes.
    Verifier choosy =
        new Verifier() {
          @Override
          public String name() {
            return "reward";
          }

          @Override
          public Scores score(String prompt, List<Image> images) {
            return new Scores(
                images.stream().mapToDouble(image -> image.rgb()[0] > 0 ? Double.NaN : 1).toArray(),
                Set.of());
          }
        };
    SearchSpec spec = spec().strategy(new BeamSearch(3, 4)).build();
    Decision decision =
        run(spec, new FakeGenerator(), List.of(new FakeVerifier("clip", 0), choosy)).decision();
    List<Candidate> ranked =
        decision.tree().stream()
            .filter(node -> node.lineage().scale() == 1)
            .sorted(Comparator.comparingInt(node -> node.fate().orElseThrow().rank()))
            .toList();
    assertThat(ranked)
        .extracting(node -> node.result().orElseThrow().scores().size())
        .isSortedAccordingTo(Comparator.reverseOrder())
        .contains(1, 2);
  }

  @Test
  void aVerifierThatAlwaysFailsLeavesTheOthersInCharge() {
    SearchSpec spec = spec().build();
    Decision decision =
        run(spec, new FakeGenerator(), List.of(new FakeVerifier("clip", 0), new Broken("reward")))
            .decision();
    assertThat(decision.ending()).isEqualTo(Ending.FOUND);
    assertThat(decision.answer().orElseThrow().scores()).containsOnlyKeys("clip");
    assertThat(decision.warnings()).containsExactly("reward: out of order");
  }

  @Test
  void aGeneratorThatAlwaysFailsEndsTheSearchWithItsReason() {
    Generator broken =
        new FakeGenerator() {
          @Override
          public Drawn draw(SearchSpec spec, Slice slice, Bits parent) {
            throw new IllegalStateException("no memory left");
          }
        };
    Decision decision = run(spec().build(), broken, verifiers(spec().build())).decision();
    assertThat(decision.ending()).isEqualTo(Ending.FAILED);
    assertThat(decision.reason()).contains("scale 1").contains("no memory left");
    assertThat(decision.answer()).isEmpty();
  }

  @Test
  void aTargetScoreStopsTheSearchBetweenScales() {
    Decision decision = run(spec().target(-100).build()).decision();
    assertThat(decision.tree()).allMatch(node -> node.lineage().scale() == 1);
    assertThat(decision.reason()).isEqualTo("the target score was reached at scale 1");
  }

  @Test
  void aDeadlineEndsWithTheBestImageSoFarAndSaysWhatWasMissing() throws Exception {
    SearchSpec spec = spec().build();
    List<Runnable> dropped = new ArrayList<>();
    Decision decision =
        Search.run(
                spec,
                new FakeGenerator(),
                verifiers(spec),
                dropped::add,
                1,
                Optional.of(Duration.ofMillis(1)),
                _ -> {})
            .decision();
    assertThat(decision.ending()).isEqualTo(Ending.EXPIRED);
    assertThat(decision.reason())
        .isEqualTo(
            "the deadline passed at scale 1 with 12 candidates unscored"
                + " (12 await clip, 12 await reward)");
  }

  @Test
  void aSearchCanStartFromANodeOfAnother() {
    SearchSpec spec = spec().build();
    Search.Outcome whole = run(spec);
    Candidate node =
        whole.decision().tree().stream()
            .filter(each -> each.lineage().scale() == 2)
            .findFirst()
            .orElseThrow();
    Rendition rendition = node.result().orElseThrow().rendition();
    SearchSpec further = spec().base(new Base(node.lineage(), rendition)).build();
    Transition begun = Pruning.submit(further);
    assertThat(begun.rows()).hasSize(12);
    assertThat(begun.rows())
        .allMatch(row -> row.lineage().parent().equals(node.lineage()) && row.depth() == 4);
    assertThat(begun.effects())
        .filteredOn(Effect.Expand.class::isInstance)
        .containsExactly(
            new Effect.Expand(
                new Slice(
                    node.lineage(),
                    Optional.of(rendition),
                    3,
                    4,
                    List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)),
                List.of("clip", "reward")));
  }

  @Test
  void whatMakesNoSenseIsRefusedInWords() {
    refused(() -> new BeamSearch(0, 5), "width is 0");
    refused(() -> new RandomSearch(0), "images is 0");
    refused(() -> spec().depth(new RolloutDepth.ToScale(5)).build(), "last scale, 4");
    refused(() -> spec().maxNfe(3).build(), "one image takes 4");
    refused(() -> spec().criteria().build(), "at least one verifier");
    refused(
        () -> spec().criteria(new Criterion("a", 1, 0, 1), new Criterion("a", 1, 0, 1)).build(),
        "verifier a is named twice");
    refused(() -> new Criterion("a", -1, 0, 1), "weight");
  }

  private static void refused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String words) {
    assertThatThrownBy(call).isInstanceOf(InvalidSearchException.class).hasMessageContaining(words);
  }

  private static List<String> kept(Decision decision, int scale) {
    return decision.tree().stream()
        .filter(node -> node.lineage().scale() == scale && node.fate().orElseThrow().kept())
        .sorted(Comparator.comparingInt(node -> node.fate().orElseThrow().rank()))
        .map(node -> node.lineage().toString())
        .toList();
  }

  private record Constant(String name, double score) implements Verifier {
    @Override
    public Scores score(String prompt, List<Image> images) {
      return new Scores(images.stream().mapToDouble(_ -> score).toArray(), Set.of());
    }
  }

  private record Broken(String name) implements Verifier {
    @Override
    public Scores score(String prompt, List<Image> images) {
      throw new IllegalStateException("out of order");
    }
  }
}
