package io.espalier.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.espalier.beam.AnswerRule;
import io.espalier.beam.BeamSearch;
import io.espalier.beam.Bits;
import io.espalier.beam.Budget;
import io.espalier.beam.Combine;
import io.espalier.beam.Criterion;
import io.espalier.beam.Drawing;
import io.espalier.beam.Generator;
import io.espalier.beam.Image;
import io.espalier.beam.Lineage;
import io.espalier.beam.Rendition;
import io.espalier.beam.RolloutDepth;
import io.espalier.beam.SearchSpec;
import io.espalier.beam.Slice;
import io.espalier.models.ModelException.BadPrompt;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

/// What a search relies on, of a generator that is not there, and how long its calls take.
class SimulatedGeneratorTest {

  private static final int SCALES = 4;

  private final Simulated.FakeTime time = new Simulated.FakeTime();
  private final SimulatedGenerator generator = Simulated.generator(time);

  @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
  void howASliceIsCutChangesNoCandidate(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = SCALES) int scale,
      @ForAll @IntRange(min = 0, max = SCALES) int further,
      @ForAll @IntRange(min = 1, max = 9) int branches,
      @ForAll @IntRange(min = 1, max = 9) int size) {
    int depth = Math.min(SCALES, scale + further);
    Slice whole = slice(scale, depth, branches);
    Bits parent = parent(seed, scale);
    List<Drawing> cut =
        whole.cut(size).stream().flatMap(part -> draw(seed, part, parent).stream()).toList();
    assertSame(draw(seed, whole, parent), cut);
  }

  @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
  void aRolloutThatIsCutAndContinuedIsTheRolloutOfOneCall(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = SCALES - 1) int cut,
      @ForAll @IntRange(min = 0, max = 5) int branch) {
    Slice whole = new Slice(Lineage.root(), Optional.empty(), 1, SCALES, List.of(branch));
    Drawing inOne = draw(seed, whole, Bits.none(3)).getFirst();
    Slice beginning = new Slice(Lineage.root(), Optional.empty(), 1, cut, List.of(branch));
    Drawing half = draw(seed, beginning, Bits.none(3)).getFirst();
    Slice rest =
        new Slice(
            half.lineage().carriedOn(cut - 1),
            Optional.of(half.rendition()),
            cut + 1,
            SCALES,
            List.of(Lineage.CARRY));
    assertThat(draw(seed, rest, half.bits()).getFirst().rendition()).isEqualTo(inOne.rendition());
    assertThat(draw(seed, rest, inOne.bits()).getFirst().rendition()).isEqualTo(inOne.rendition());
  }

  @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
  void slicesThatShareACallDrawWhatEachDrawsAlone(
      @ForAll @LongRange(max = 1000) long seed,
      @ForAll @IntRange(min = 1, max = SCALES) int scale,
      @ForAll @IntRange(min = 1, max = 6) int branches,
      @ForAll @IntRange(min = 1, max = 5) int slices) {
    List<Generator.Wanted> wanted =
        IntStream.range(0, slices)
            .mapToObj(
                i ->
                    new Generator.Wanted(
                        spec("prompt " + i, seed + i % 2),
                        slice(scale, SCALES, branches),
                        parent(seed + i % 3, scale)))
            .toList();
    assertThat(wanted)
        .extracting(each -> generator.sharing(each).shape())
        .containsOnly(generator.sharing(wanted.getFirst()).shape());
    List<Generator.Drawn> together = generator.drawTogether(wanted);
    for (int i = 0; i < slices; i++) {
      Generator.Wanted each = wanted.get(i);
      assertSame(
          together.get(i).drawings(),
          generator.draw(each.spec(), each.slice(), each.parent()).drawings());
    }
  }

  @Test
  void slicesOfDifferentShapesDoNotShareACall() {
    Generator.Wanted one = wanted(slice(1, SCALES, 2));
    Generator.Wanted other = wanted(slice(1, 2, 2));
    assertThat(generator.sharing(one).shape()).isNotEqualTo(generator.sharing(other).shape());
    assertThatThrownBy(() -> generator.drawTogether(List.of(one, other)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void bitsFollowFromSeedAndLineageAndBeginWithTheParents() {
    Bits parent = parent(1, 3);
    List<Drawing> one = draw(7, slice(3, SCALES, 5), parent);
    List<Drawing> other = draw(8, slice(3, SCALES, 5), parent);
    assertThat(one).extracting(each -> each.bits().prefix(3)).containsOnly(parent.prefix(3));
    assertThat(one).extracting(Drawing::bits).doesNotHaveDuplicates();
    assertThat(one).extracting(each -> each.bits().tokens()).containsOnly(21);
    assertThat(other)
        .extracting(Drawing::bits)
        .doesNotContainAnyElementsOf(one.stream().map(Drawing::bits).toList());
  }

  @Test
  void anImageHasItsSizeAndFollowsFromTheBitsAlone() {
    Drawing one = draw(1, slice(1, SCALES, 1), Bits.none(3)).getFirst();
    assertThat(one.image()).extracting(Image::width, Image::height).containsExactly(40, 18);
    SimulatedDecoder decoder =
        new SimulatedDecoder(
            Simulated.bundle(Simulated.GENERATOR).generator().schedule(), List.of(18, 40));
    assertThat(decoder.decode(one.bits()).digest()).isEqualTo(one.image().digest());
    List<String> cut =
        IntStream.rangeClosed(1, SCALES)
            .mapToObj(depth -> draw(1, slice(1, depth, 1), Bits.none(3)).getFirst())
            .map(drawing -> drawing.image().digest())
            .toList();
    assertThat(cut).doesNotHaveDuplicates();
  }

  @Test
  void theOwnerIsToldThatNothingWasDrawnForReal() {
    assertThat(generator.draw(spec("a star", 1), slice(1, 1, 1), Bits.none(3)).warnings())
        .containsExactly("drawn by a simulated generator, dice: the images show nothing");
  }

  @Test
  void aPromptOfTooManyCharactersIsRefused() {
    assertThatThrownBy(() -> generator.check("a star and a red star"))
        .isInstanceOf(BadPrompt.class)
        .hasMessageContaining("21 characters, but dice takes at most 20");
  }

  @Test
  void aWholeImageAloneTakesTheCallTheSequenceAndTheImage() {
    draw(1, slice(1, SCALES, 1), Bits.none(3));
    assertThat(time.slept()).containsExactly(1 + 21 + 0.25);
  }

  /// Scales 3 and 4 have 18 of the 21 tokens, and the prefix the other 3.
  @Test
  void aPrefixIsComputedOnceForAllItsBranches() {
    draw(1, slice(3, SCALES, 4), parent(1, 3));
    assertThat(time.slept().getLast()).isCloseTo(1 + (3 + 4 * 18) + 4 * 0.25, within(1e-6));
  }

  @Test
  void whatIsMoreThanACallHoldsIsSeveralCalls() {
    draw(1, slice(3, 3, 7), parent(1, 3));
    assertThat(time.slept().subList(1, 3))
        .satisfiesExactly(
            first -> assertThat(first).isCloseTo(1 + (3 + 3 * 6) + 3 * 0.25, within(1e-6)),
            second -> assertThat(second).isCloseTo(1 + (3 + 4 * 6) + 4 * 0.25, within(1e-6)));
    assertThat(generator.seconds(slice(3, 3, 7)))
        .isCloseTo(time.slept().get(1) + time.slept().get(2), within(1e-6));
  }

  @Test
  void slicesThatShareACallShareItsFixedPart() {
    Generator.Wanted wanted = wanted(slice(1, SCALES, 2));
    assertThat(generator.sharing(wanted).slices()).isEqualTo(2);
    generator.drawTogether(List.of(wanted, wanted));
    assertThat(time.slept()).containsExactly(1 + 4 * 21 + 4 * 0.25);
    assertThat(generator.sharing(wanted(slice(1, SCALES, 5))).slices()).isEqualTo(1);
  }

  private static void assertSame(List<Drawing> actual, List<Drawing> expected) {
    assertThat(renditions(actual)).isEqualTo(renditions(expected));
    assertThat(actual)
        .extracting(Drawing::lineage)
        .isEqualTo(expected.stream().map(Drawing::lineage).toList());
  }

  private static List<Rendition> renditions(List<Drawing> drawings) {
    return drawings.stream().map(Drawing::rendition).toList();
  }

  private List<Drawing> draw(long seed, Slice slice, Bits parent) {
    return generator.draw(spec("a star", seed), slice, parent).drawings();
  }

  private Bits parent(long seed, int scale) {
    if (scale == 1) {
      return Bits.none(3);
    }
    return draw(seed, slice(1, scale - 1, 1), Bits.none(3)).getFirst().bits();
  }

  private static Generator.Wanted wanted(Slice slice) {
    return new Generator.Wanted(spec("a star", 1), slice, Bits.none(3));
  }

  private static Slice slice(int scale, int depth, int branches) {
    Lineage parent = Lineage.root();
    for (int above = 1; above < scale; above++) {
      parent = parent.child(0);
    }
    return new Slice(
        parent, Optional.empty(), scale, depth, IntStream.range(0, branches).boxed().toList());
  }

  private static SearchSpec spec(String prompt, long seed) {
    Manifest.GeneratorPart part = Simulated.bundle(Simulated.GENERATOR).generator();
    return new SearchSpec(
        prompt,
        seed,
        part.schedule(),
        new BeamSearch(3, 5),
        new RolloutDepth.Full(),
        true,
        AnswerRule.BEST_EVER,
        Combine.WEIGHTED,
        new ArrayList<>(List.of(new Criterion("clip", 1, 0, 1))),
        Budget.none(),
        part.sampling(),
        Optional.empty());
  }
}
