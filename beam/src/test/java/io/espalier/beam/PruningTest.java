package io.espalier.beam;

import static io.espalier.beam.FakeModels.verifiers;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/// The pure function under every order and repetition of its events.
class PruningTest {

  @Provide
  static Arbitrary<SearchSpec> specs() {
    return SearchTest.specs();
  }

  @Property(tries = 200)
  void anyOrderAndAnyRepetitionOfAnswersGiveTheSameSearch(
      @ForAll("specs") SearchSpec spec, @ForAll long disorder) {
    Script inOrder = new Script(spec, Optional.empty());
    Script shuffled = new Script(spec, Optional.of(new Random(disorder)));
    assertThat(shuffled.decision()).isEqualTo(inOrder.decision());
    assertThat(shuffled.expansions).isEqualTo(inOrder.expansions);
    assertThat(shuffled.told).isEqualTo(inOrder.told);
  }

  @Test
  void whatOneTransitionCompletesIsOneReportInAFixedOrder() {
    Transition begun = Pruning.submit(FakeModels.spec().build());
    StoredRows rows = new StoredRows();
    rows.put(begun.rows());
    List<SearchEvent> answers = new ArrayList<>();
    for (String candidate : List.of("10", "2", "5", "3")) {
      Rendition rendition = new Rendition("bits " + candidate, "image " + candidate);
      for (String verifier : List.of("clip", "reward")) {
        answers.add(
            new SearchEvent.Scored(
                Lineage.parse(candidate), rendition, verifier, 1, List.of(), Set.of()));
      }
    }
    Transition turn = Pruning.on(begun.state(), rows, answers.subList(0, 7));

    assertThat(turn.effects())
        .singleElement()
        .isInstanceOfSatisfying(
            Effect.Tell.class,
            tell -> {
              Report.Scored report = (Report.Scored) tell.report();
              assertThat(report.candidates().stream().map(each -> each.lineage().toString()))
                  .containsExactly("2", "5", "10");
              assertThat(report.sequence()).isEqualTo(1);
              assertThat(report.awaited()).isEqualTo(9);
              assertThat(report.best().orElseThrow().lineage()).isEqualTo(Lineage.parse("2"));
            });
  }

  @Test
  void whatWasScoredIsToldBeforeTheEndThatTheSameTransitionBrings() {
    Transition begun = Pruning.submit(FakeModels.spec().build());
    StoredRows rows = new StoredRows();
    rows.put(begun.rows());
    List<SearchEvent> events = new ArrayList<>();
    for (String verifier : List.of("clip", "reward")) {
      Rendition rendition = new Rendition("bits", "image");
      events.add(
          new SearchEvent.Scored(Lineage.parse("4"), rendition, verifier, 1, List.of(), Set.of()));
    }
    events.add(new SearchEvent.Cancelled());

    List<Effect> effects = Pruning.on(begun.state(), rows, events).effects();
    assertThat(effects).hasSize(2);
    assertThat(((Effect.Tell) effects.getFirst()).report()).isInstanceOf(Report.Scored.class);
    assertThat(((Effect.Decide) effects.getLast()).sequence()).isEqualTo(2);
  }

  @Property(tries = 100)
  void nothingHappensAfterTheEnd(@ForAll("specs") SearchSpec spec) {
    Script script = new Script(spec, Optional.empty());
    for (SearchEvent event : script.taken) {
      assertThat(Pruning.on(script.state, script.rows, event).effects()).isEmpty();
      assertThat(Pruning.on(script.state, script.rows, event).state()).isEqualTo(script.state);
    }
    SearchEvent late = new SearchEvent.Cancelled();
    assertThat(Pruning.on(script.state, script.rows, late).effects()).isEmpty();
  }

  @Test
  void anAnswerAboutAnUnknownCandidateOrFromAnUnknownVerifierChangesNothing() {
    Transition begun = Pruning.submit(FakeModels.spec().build());
    StoredRows rows = new StoredRows();
    rows.put(begun.rows());
    Rendition rendition = new Rendition("bits", "image");
    for (SearchEvent event :
        List.of(
            new SearchEvent.Scored(Lineage.parse("99"), rendition, "clip", 1, List.of(), Set.of()),
            new SearchEvent.Scored(Lineage.parse("0.0"), rendition, "clip", 1, List.of(), Set.of()),
            new SearchEvent.Scored(
                Lineage.parse("0"), rendition, "stranger", 1, List.of(), Set.of()))) {
      Transition after = Pruning.on(begun.state(), rows, event);
      assertThat(after.state()).isEqualTo(begun.state());
      assertThat(after.rows()).isEmpty();
      assertThat(after.effects()).isEmpty();
    }
  }

  @Test
  void aCandidateIsScoredByTheFirstRenditionThatHasAllItsScores() {
    Transition turn = Pruning.submit(FakeModels.spec().build());
    StoredRows rows = new StoredRows();
    rows.put(turn.rows());
    Lineage candidate = Lineage.parse("0");
    Rendition here = new Rendition("bits", "image");
    Rendition elsewhere = new Rendition("other bits", "other image");
    for (SearchEvent event :
        List.of(
            new SearchEvent.Scored(candidate, here, "clip", 1, List.of(), Set.of()),
            new SearchEvent.Scored(candidate, elsewhere, "reward", 2, List.of(), Set.of()),
            new SearchEvent.Scored(candidate, elsewhere, "clip", 3, List.of(), Set.of()),
            new SearchEvent.Scored(candidate, here, "reward", 4, List.of(), Set.of()))) {
      turn = Pruning.on(turn.state(), rows, event);
      rows.put(turn.rows());
    }
    Candidate row = rows.get(candidate).orElseThrow();
    assertThat(row.result().orElseThrow().rendition()).isEqualTo(elsewhere);
    assertThat(row.result().orElseThrow().scores()).containsEntry("clip", 3.0);
    assertThat(turn.state().awaited()).isEqualTo(11);
  }

  @Test
  void theSameContentInTwoPlacesIsOneRendition() {
    Transition turn = Pruning.submit(FakeModels.spec().build());
    StoredRows rows = new StoredRows();
    rows.put(turn.rows());
    Lineage candidate = Lineage.parse("0");
    Rendition first = kept("one slice", 0);
    Rendition again = kept("another slice", 3);
    for (SearchEvent event :
        List.of(
            new SearchEvent.Scored(candidate, first, "clip", 1, List.of(), Set.of()),
            new SearchEvent.Scored(candidate, again, "clip", 1, List.of(), Set.of()),
            new SearchEvent.Scored(candidate, again, "reward", 2, List.of(), Set.of()))) {
      turn = Pruning.on(turn.state(), rows, event);
      rows.put(turn.rows());
    }
    Candidate row = rows.get(candidate).orElseThrow();
    assertThat(row.attempts()).hasSize(1);
    assertThat(row.result().orElseThrow().rendition()).isEqualTo(first);
    assertThat(row.result().orElseThrow().scores()).containsOnlyKeys("clip", "reward");
  }

  private static Rendition kept(String slice, int index) {
    return new Rendition("bits", "image", Optional.of(new Rendition.Place(slice, index)));
  }

  @Test
  void cancellingAnswersWithTheBestImageSoFar() {
    Transition turn = Pruning.submit(FakeModels.spec().build());
    StoredRows rows = new StoredRows();
    rows.put(turn.rows());
    Lineage candidate = Lineage.parse("5");
    for (String verifier : List.of("clip", "reward")) {
      Rendition rendition = new Rendition("bits", "image");
      SearchEvent score =
          new SearchEvent.Scored(candidate, rendition, verifier, 1, List.of(), Set.of());
      turn = Pruning.on(turn.state(), rows, score);
      rows.put(turn.rows());
    }
    turn = Pruning.on(turn.state(), rows, new SearchEvent.Cancelled());
    Effect.Decide decide = (Effect.Decide) turn.effects().getFirst();
    assertThat(decide.decision().ending()).isEqualTo(Decision.Ending.CANCELLED);
    assertThat(decide.decision().answer().orElseThrow().lineage()).isEqualTo(candidate);
    assertThat(decide.decision().first()).isEmpty();
  }

  /// Plays a whole search by hand: answers are kept in a bag, drawn from it in order or at
  /// random, and some are given twice.
  private static final class Script {
    private final SearchSpec spec;
    private final Generator generator = new FakeModels.FakeGenerator();
    private final Map<Rendition, Drawing> drawings = new HashMap<>();
    private final StoredRows rows = new StoredRows();
    private final List<SearchEvent> bag = new ArrayList<>();
    private final List<SearchEvent> taken = new ArrayList<>();
    private final List<Slice> expansions = new ArrayList<>();
    private final List<Decision> decisions = new ArrayList<>();
    private final Map<Lineage, Map<String, Double>> told = new HashMap<>();
    private long nextReport;
    private SearchState state;

    Script(SearchSpec spec, Optional<Random> disorder) {
      this.spec = spec;
      Transition turn = Pruning.submit(spec);
      state = turn.state();
      take(turn);
      while (decisions.isEmpty()) {
        disorder.ifPresent(random -> Collections.shuffle(bag, random));
        List<SearchEvent> batch = batch(disorder);
        if (disorder.isPresent() && disorder.get().nextInt(4) == 0) {
          bag.addAll(batch); // lost, and later answered again
          continue;
        }
        taken.addAll(batch);
        if (disorder.isPresent() && disorder.get().nextInt(3) == 0) {
          bag.addAll(batch);
        }
        take(Pruning.on(state, rows, batch));
      }
    }

    /// The next event, or some of them.
    private List<SearchEvent> batch(Optional<Random> disorder) {
      int most = Math.min(bag.size(), 8);
      List<SearchEvent> next =
          bag.subList(0, disorder.map(random -> 1 + random.nextInt(most)).orElse(1));
      List<SearchEvent> batch = List.copyOf(next);
      next.clear();
      return batch;
    }

    Decision decision() {
      assertThat(decisions).hasSize(1);
      return decisions.getFirst();
    }

    private void take(Transition turn) {
      state = turn.state();
      rows.put(turn.rows());
      for (Effect effect : turn.effects()) {
        switch (effect) {
          case Effect.Expand(Slice slice, List<String> verifiers) -> {
            expansions.add(slice);
            answer(slice, verifiers);
          }
          case Effect.Verify(String verifier, var images) ->
              images.forEach((lineage, rendition) -> score(lineage, rendition, verifier));
          case Effect.Tell(Report report) -> {
            assertThat(report.sequence()).isEqualTo(nextReport++);
            if (report instanceof Report.Scored scored) {
              tell(scored.candidates());
            }
          }
          case Effect.Decide(long sequence, Decision decision) -> {
            assertThat(sequence).isEqualTo(nextReport++);
            decisions.add(decision);
          }
        }
      }
    }

    /// Notes what the verifiers that were asked made of some candidates.
    private void tell(List<Scoring> candidates) {
      assertThat(candidates).isNotEmpty();
      assertThat(candidates.stream().map(Scoring::lineage)).isSorted().doesNotHaveDuplicates();
      for (Scoring each : candidates) {
        assertThat(told.put(each.lineage(), each.scores())).isNotEqualTo(each.scores());
      }
    }

    private void answer(Slice slice, List<String> asked) {
      Bits parent =
          slice
              .prefix()
              .map(rendition -> Objects.requireNonNull(drawings.get(rendition)).bits())
              .orElse(Bits.none(FakeModels.BITS_PER_TOKEN));
      for (Drawing drawing : generator.draw(spec, slice, parent).drawings()) {
        drawings.put(drawing.rendition(), drawing);
        asked.forEach(verifier -> score(drawing.lineage(), drawing.rendition(), verifier));
      }
    }

    private void score(Lineage candidate, Rendition rendition, String name) {
      Verifier verifier =
          verifiers(spec).stream()
              .filter(each -> each.name().equals(name))
              .findFirst()
              .orElseThrow();
      Image image = Objects.requireNonNull(drawings.get(rendition)).image();
      Verifier.Scores scores = verifier.score(spec.prompt(), List.of(image));
      List<Float> features = scores.features().isEmpty() ? List.of() : scores.features().getFirst();
      bag.add(
          new SearchEvent.Scored(
              candidate, rendition, name, scores.values()[0], features, Set.of()));
    }
  }
}
