package io.espalier.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
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
import io.espalier.beam.RolloutDepth;
import io.espalier.beam.SearchSpec;
import io.espalier.beam.Slice;
import io.espalier.beam.Verifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A candidate's bits and scores do not depend on what it shares a call with, or on threads: over
/// at least five million bits and ten thousand scores, not one differs.
@Tag("slow")
class ExactBatchesTest {

  private static final int LARGEST_BATCH = 30;
  private static final int FEWEST_BITS = 5_000_000;
  private static final int FEWEST_SCORES = 10_000;
  private static final List<String> PROMPTS =
      List.of(
          "a star",
          "a red circle left of a blue square",
          "four green hearts",
          "a ring and a cross",
          "a pink diamond and a cyan star",
          "a yellow triangle");

  private static OnnxGenerator oneThread;
  private static OnnxGenerator twoThreads;

  @BeforeAll
  static void load() {
    oneThread = new OnnxGenerator(Installed.open(Installed.GENERATOR), Hardware.cpu(1));
    twoThreads = new OnnxGenerator(Installed.open(Installed.GENERATOR), Hardware.cpu(2));
  }

  @AfterAll
  static void close() {
    oneThread.close();
    twoThreads.close();
  }

  @Test
  void aBranchDrawsTheSameBitsAloneAndAmongAnyNumberOfOthers() {
    SearchSpec spec = spec("a red circle left of a blue square");
    long bits = 0;
    for (int scale : List.of(1, 4, 7)) {
      Slice all = slice(scale);
      Bits parent = parent(spec, scale);
      List<Drawing> alone =
          all.cut(1).stream().flatMap(one -> draw(oneThread, spec, one, parent).stream()).toList();
      for (int size = 2; size <= LARGEST_BATCH; size++) {
        Slice batch = all.cut(size).getFirst();
        for (OnnxGenerator generator : List.of(oneThread, twoThreads)) {
          List<Drawing> together = draw(generator, spec, batch, parent);
          for (int i = 0; i < size; i++) {
            assertThat(together.get(i).bits()).isEqualTo(alone.get(i).bits());
            assertThat(together.get(i).image().digest()).isEqualTo(alone.get(i).image().digest());
          }
          bits +=
              (long) size
                  * spec.schedule().tokens(scale, spec.schedule().scales())
                  * generator.bitsPerToken();
        }
      }
    }
    System.Logger log = System.getLogger(ExactBatchesTest.class.getName());
    log.log(System.Logger.Level.INFO, "{0} bits compared, none differs", bits);
    assertThat(bits).isGreaterThanOrEqualTo(FEWEST_BITS);
  }

  /// Of one prompt or of several, of one parent's scale or of several seeds.
  @Test
  void slicesThatShareACallDrawWhatEachDrawsAlone() {
    List<String> oneLength =
        List.of(
            "a red circle left of a blue square",
            "a cyan star right of a pink heart",
            "a green ring left of a red cross");
    for (List<String> prompts : List.of(oneLength, oneLength.subList(0, 1))) {
      for (int scale : List.of(1, 4, 7)) {
        for (int branches : List.of(1, 4)) {
          List<Generator.Wanted> slices = new ArrayList<>();
          for (int i = 0; i < 6; i++) {
            SearchSpec spec = spec(prompts.get(i % prompts.size()), i);
            slices.add(
                new Generator.Wanted(
                    spec, slice(scale).cut(branches).get(i % 3), parent(spec, scale)));
          }
          assertThat(slices)
              .extracting(each -> oneThread.sharing(each).shape())
              .containsOnly(oneThread.sharing(slices.getFirst()).shape());
          List<Generator.Drawn> together = oneThread.drawTogether(slices);
          for (int i = 0; i < slices.size(); i++) {
            Generator.Wanted each = slices.get(i);
            assertThat(together.get(i).drawings())
                .extracting(Drawing::lineage, Drawing::rendition)
                .isEqualTo(
                    draw(oneThread, each.spec(), each.slice(), each.parent()).stream()
                        .map(drawing -> tuple(drawing.lineage(), drawing.rendition()))
                        .toList());
          }
        }
      }
    }
  }

  @Test
  void aSliceThatIsTooLargeForTheMemoryIsDrawnInPartsAndGivesTheSame() {
    Bundle bundle = Installed.open(Installed.GENERATOR);
    Manifest.Memory needs = Objects.requireNonNull(bundle.manifest().memory());
    long weights = Hardware.cpu(1).weights(bundle.bytes());
    Hardware small =
        new Hardware(
            OptionalInt.empty(),
            1,
            1,
            Optional.of(weights + 4 * needs.sequence() + 4 * needs.picture()));
    MemoryPlan plan = MemoryPlan.of(bundle, small);
    assertThat(plan.sequences()).isBetween(2, 4);
    SearchSpec spec = spec("a red circle left of a blue square");
    for (int scale : List.of(1, 4)) {
      Slice slice = slice(scale).cut(11).getFirst();
      Bits parent = parent(spec, scale);
      try (OnnxGenerator bounded = new OnnxGenerator(bundle, small)) {
        assertThat(draw(bounded, spec, slice, parent))
            .extracting(Drawing::lineage, Drawing::rendition)
            .isEqualTo(
                draw(oneThread, spec, slice, parent).stream()
                    .map(drawing -> tuple(drawing.lineage(), drawing.rendition()))
                    .toList());
      }
    }
  }

  @Test
  void picturesThatAreTooManyForTheMemoryAreDecodedInPartsAndAreTheSame() {
    Bundle bundle = Installed.open(Installed.GENERATOR);
    List<Integer> image = bundle.generator().image();
    Random random = new Random(7);
    try (PictureDecoder inParts = new PictureDecoder(bundle, image, 2, Hardware.cpu(1));
        PictureDecoder atOnce = new PictureDecoder(bundle, image, 5, Hardware.cpu(1));
        NDManager manager = OnnxGraph.newManager()) {
      NDArray latents =
          new Tensors(manager)
              .floats(
                  "latent",
                  out -> {
                    while (out.hasRemaining()) {
                      out.put((float) random.nextGaussian());
                    }
                  },
                  5,
                  32,
                  8,
                  8);
      assertThat(inParts.decode(latents))
          .extracting(Image::digest)
          .doesNotHaveDuplicates()
          .isEqualTo(atOnce.decode(latents).stream().map(Image::digest).toList());
    }
  }

  @Test
  void anImageScoresTheSameAloneAndAmongAnyNumberOfOthers() {
    SearchSpec spec = spec("a star and a ring");
    List<Image> images =
        draw(oneThread, spec, slice(1), parent(spec, 1)).stream().map(Drawing::image).toList();
    long scores = 0;
    for (String name : List.of("clip", "image-reward")) {
      try (OnnxVerifier one = new OnnxVerifier(name, Installed.open(name), Hardware.cpu(1));
          OnnxVerifier two = new OnnxVerifier(name, Installed.open(name), Hardware.cpu(2))) {
        for (String prompt : PROMPTS) {
          double[] alone =
              images.stream()
                  .mapToDouble(image -> one.score(prompt, List.of(image)).values()[0])
                  .toArray();
          for (int size = 2; size <= LARGEST_BATCH; size++) {
            double[] expected = java.util.Arrays.copyOf(alone, size);
            List<Image> batch = images.subList(0, size);
            assertThat(one.score(prompt, batch).values()).isEqualTo(expected);
            assertThat(two.score(prompt, batch).values()).isEqualTo(expected);
            scores += 2L * size;
          }
        }
      }
    }
    System.Logger log = System.getLogger(ExactBatchesTest.class.getName());
    log.log(System.Logger.Level.INFO, "{0} scores compared, none differs", scores);
    assertThat(scores).isGreaterThanOrEqualTo(FEWEST_SCORES);
  }

  @Test
  void imagesOfSeveralPromptsAndSizesShareCallsAndScoreTheSame() {
    SearchSpec spec = spec("a star and a ring");
    List<Image> images =
        draw(oneThread, spec, slice(1), parent(spec, 1)).stream().map(Drawing::image).toList();
    Image small = new Image(8, 8, new byte[3 * 8 * 8]);
    List<Verifier.Wanted> wanted =
        List.of(
            new Verifier.Wanted(PROMPTS.get(0), images.subList(0, 3), false),
            new Verifier.Wanted(PROMPTS.get(1), images.subList(3, 4), false),
            new Verifier.Wanted(PROMPTS.get(1), List.of(small, images.get(4)), false),
            new Verifier.Wanted("a frog", images.subList(5, 30), false));
    for (String name : List.of("clip", "image-reward")) {
      try (OnnxVerifier verifier = new OnnxVerifier(name, Installed.open(name), Hardware.cpu(1))) {
        List<Verifier.Scores> together = verifier.scoreTogether(wanted);
        for (int i = 0; i < wanted.size(); i++) {
          Verifier.Wanted each = wanted.get(i);
          double[] alone =
              each.images().stream()
                  .mapToDouble(image -> verifier.score(each.prompt(), List.of(image)).values()[0])
                  .toArray();
          assertThat(together.get(i).values()).isEqualTo(alone);
        }
        assertThat(together.get(0).warnings()).isEmpty();
        assertThat(together.get(3).warnings())
            .containsExactly(name + " does not know the word 'frog'");
      }
    }
  }

  @Test
  void aRolloutThatIsCutAndGoneOnWithIsTheRolloutInOneCall() {
    SearchSpec spec = spec("three stars");
    int last = spec.schedule().scales();
    Slice whole = new Slice(Lineage.root(), Optional.empty(), 1, last, List.of(3));
    Drawing inOne = draw(oneThread, spec, whole, parent(spec, 1)).getFirst();
    for (int cut = 1; cut < last; cut++) {
      Slice first = new Slice(Lineage.root(), Optional.empty(), 1, cut, List.of(3));
      Drawing half = draw(oneThread, spec, first, parent(spec, 1)).getFirst();
      Slice second =
          new Slice(
              half.lineage().carriedOn(cut - 1),
              Optional.of(half.rendition()),
              cut + 1,
              last,
              List.of(Lineage.CARRY));
      Drawing goneOn = draw(oneThread, spec, second, half.bits()).getFirst();
      assertThat(goneOn.bits()).isEqualTo(inOne.bits());
      assertThat(goneOn.image().digest()).isEqualTo(inOne.image().digest());
    }
  }

  private static List<Drawing> draw(
      OnnxGenerator generator, SearchSpec spec, Slice slice, Bits parent) {
    return generator.draw(spec, slice, parent).drawings();
  }

  private static Slice slice(int scale) {
    Lineage parent = Lineage.root();
    for (int above = 1; above < scale; above++) {
      parent = parent.child(0);
    }
    List<Integer> branches = IntStream.range(0, LARGEST_BATCH).boxed().toList();
    return new Slice(parent, Optional.empty(), scale, 7, branches);
  }

  private static Bits parent(SearchSpec spec, int scale) {
    Bits none = Bits.none(oneThread.bitsPerToken());
    if (scale == 1) {
      return none;
    }
    Slice first = new Slice(Lineage.root(), Optional.empty(), 1, scale - 1, List.of(0));
    return draw(oneThread, spec, first, none).getFirst().bits();
  }

  private static SearchSpec spec(String prompt) {
    return spec(prompt, 42);
  }

  private static SearchSpec spec(String prompt, long seed) {
    return new SearchSpec(
        prompt,
        seed,
        oneThread.schedule(),
        new BeamSearch(3, 5),
        new RolloutDepth.Full(),
        true,
        AnswerRule.BEST_EVER,
        Combine.WEIGHTED,
        new ArrayList<>(List.of(new Criterion("clip", 1, 0, 1))),
        Budget.none(),
        oneThread.sampling(),
        Optional.empty());
  }
}
