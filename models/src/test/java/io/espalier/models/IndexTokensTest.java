package io.espalier.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.espalier.beam.AnswerRule;
import io.espalier.beam.BeamSearch;
import io.espalier.beam.Bits;
import io.espalier.beam.Budget;
import io.espalier.beam.ByScale;
import io.espalier.beam.Candidate;
import io.espalier.beam.Combine;
import io.espalier.beam.Criterion;
import io.espalier.beam.Decision;
import io.espalier.beam.Drawing;
import io.espalier.beam.Generator;
import io.espalier.beam.Lineage;
import io.espalier.beam.Replay;
import io.espalier.beam.RolloutDepth;
import io.espalier.beam.Search;
import io.espalier.beam.SearchSpec;
import io.espalier.beam.Slice;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Generators whose tokens are indices of a codebook, with fewer bits than a byte: tiny tables
/// whose pictures show their indices.
class IndexTokensTest {

  private static final int TOKENS = 14;
  private static final int SIDE = 6;

  enum Codebook {
    INDICES("indices", 6, 3),
    SINGLE_BITS("single-bits", 2, 1);

    private final String bundle;
    private final int size;
    private final int bits;

    Codebook(String bundle, int size, int bits) {
      this.bundle = bundle;
      this.size = size;
      this.bits = bits;
    }

    OnnxGenerator load(int threads) {
      return new OnnxGenerator(Bundle.open(Installed.tiny(bundle)), Hardware.cpu(threads));
    }

    /// The index of each token, the most significant bit first.
    List<Integer> indices(Bits drawn) {
      ByteBuffer unpacked = ByteBuffer.allocate(drawn.tokens() * bits);
      drawn.unpack(unpacked);
      unpacked.flip();
      List<Integer> indices = new ArrayList<>();
      while (unpacked.hasRemaining()) {
        int index = 0;
        for (int bit = 0; bit < bits; bit++) {
          index = 2 * index + unpacked.get();
        }
        indices.add(index);
      }
      return indices;
    }
  }

  private static SearchSpec spec(OnnxGenerator generator, String prompt, RolloutDepth depth) {
    return new SearchSpec(
        prompt,
        11,
        generator.schedule(),
        new BeamSearch(ByScale.of(3), ByScale.of(4), 0, List.of(2), "colours"),
        depth,
        true,
        AnswerRule.BEST_EVER,
        Combine.WEIGHTED,
        List.of(new Criterion("colours", 1, 100, 50)),
        Budget.none(),
        generator.sampling(),
        Optional.empty());
  }

  private static Slice slice(int scale, int depth, int branches) {
    Lineage parent = Lineage.root();
    for (int above = 1; above < scale; above++) {
      parent = parent.child(1);
    }
    return new Slice(
        parent, Optional.empty(), scale, depth, IntStream.range(0, branches).boxed().toList());
  }

  private static Bits prefix(OnnxGenerator generator, SearchSpec spec, int scale) {
    Bits none = Bits.none(generator.bitsPerToken());
    return scale == 1
        ? none
        : generator.draw(spec, slice(1, scale - 1, 1), none).drawings().getFirst().bits();
  }

  @ParameterizedTest
  @EnumSource
  void everyTokenIsAnIndexOfTheCodebookAndThePictureShowsIt(Codebook codebook) {
    Set<Integer> seen = new HashSet<>();
    try (OnnxGenerator generator = codebook.load(1)) {
      SearchSpec spec = spec(generator, "a red star", new RolloutDepth.Full());
      Bits none = Bits.none(generator.bitsPerToken());
      for (Drawing drawing : generator.draw(spec, slice(1, 3, 40), none).drawings()) {
        List<Integer> indices = codebook.indices(drawing.bits());
        seen.addAll(indices);

        assertThat(indices).hasSize(TOKENS).allMatch(index -> index < codebook.size);
        byte[] rgb = drawing.image().rgb();
        int last = 3 * (SIDE * SIDE - 1);
        assertThat(rgb[last] & 0xFF).isEqualTo(indices.get(0) * (255 / codebook.size));
        assertThat(rgb[last + 1] & 0xFF).isEqualTo(indices.get(4) * (255 / codebook.size));
        assertThat(rgb[last + 2] & 0xFF).isEqualTo(indices.get(13) * (255 / codebook.size));
      }
    }
    assertThat(seen).hasSize(codebook.size);
  }

  @ParameterizedTest
  @EnumSource
  void aBranchIsTheSameAloneAndAmongOthersOnAnyNumberOfThreads(Codebook codebook) {
    try (OnnxGenerator one = codebook.load(1);
        OnnxGenerator two = codebook.load(2)) {
      SearchSpec spec = spec(one, "a blue ring", new RolloutDepth.Full());
      for (int scale = 1; scale <= 3; scale++) {
        Slice all = slice(scale, 3, 30);
        Bits prefix = prefix(one, spec, scale);
        List<Tuple> together = drawn(one, spec, all, prefix);

        assertThat(drawn(two, spec, all, prefix)).isEqualTo(together);
        for (int size : List.of(1, 2, 7)) {
          assertThat(
                  all.cut(size).stream().flatMap(part -> drawn(one, spec, part, prefix).stream()))
              .isEqualTo(together);
        }
      }
    }
  }

  private static List<Tuple> drawn(
      OnnxGenerator generator, SearchSpec spec, Slice slice, Bits prefix) {
    return generator.draw(spec, slice, prefix).drawings().stream()
        .map(each -> tuple(each.lineage(), each.rendition(), each.logLikelihood()))
        .toList();
  }

  @ParameterizedTest
  @EnumSource
  void whatIsDrawnDependsOnThePrefixAndThePrompt(Codebook codebook) {
    try (OnnxGenerator generator = codebook.load(1)) {
      SearchSpec star = spec(generator, "a red star", new RolloutDepth.Full());
      SearchSpec ring = spec(generator, "a blue ring", new RolloutDepth.Full());
      Slice last = slice(3, 3, 20);
      Bits none = Bits.none(generator.bitsPerToken());
      List<Bits> prefixes =
          generator.draw(star, slice(1, 2, 8), none).drawings().stream()
              .map(Drawing::bits)
              .toList();

      List<List<String>> ofStar =
          prefixes.stream().map(prefix -> newTokens(generator, star, last, prefix)).toList();
      List<List<String>> ofRing =
          prefixes.stream().map(prefix -> newTokens(generator, ring, last, prefix)).toList();
      assertThat(Set.copyOf(ofStar)).hasSizeGreaterThan(2);
      assertThat(ofRing).isNotEqualTo(ofStar);
    }
  }

  private static List<String> newTokens(
      OnnxGenerator generator, SearchSpec spec, Slice slice, Bits prefix) {
    return generator.draw(spec, slice, prefix).drawings().stream()
        .map(drawing -> unpacked(drawing.bits()).substring(prefix.tokens() * prefix.perToken()))
        .toList();
  }

  private static String unpacked(Bits bits) {
    ByteBuffer out = ByteBuffer.allocate(bits.tokens() * bits.perToken());
    bits.unpack(out);
    StringBuilder text = new StringBuilder();
    for (byte bit : out.array()) {
      text.append(bit);
    }
    return text.toString();
  }

  @ParameterizedTest
  @EnumSource
  void everyNodeOfASearchIsDrawnAgain(Codebook codebook) throws InterruptedException {
    for (RolloutDepth depth :
        List.of(new RolloutDepth.Full(), new RolloutDepth.Prefix(), new RolloutDepth.ToScale(2))) {
      try (OnnxGenerator generator = codebook.load(1);
          OnnxVerifier verifier =
              new OnnxVerifier(
                  "colours", Bundle.open(Installed.tiny("colours")), Hardware.cpu(1))) {
        SearchSpec spec = spec(generator, "a red star", depth);
        Decision decision = search(spec, generator, verifier);

        assertThat(decision.answer()).isPresent();
        for (Candidate node : decision.tree()) {
          Bits none = Bits.none(generator.bitsPerToken());
          Drawing again = Replay.draw(spec, generator, none, node.lineage(), node.depth());
          assertThat(again.rendition()).isEqualTo(node.result().orElseThrow().rendition());
          assertThat(node.result().orElseThrow().features().get("colours")).hasSize(3);
        }
      }
    }
  }

  private static Decision search(SearchSpec spec, Generator generator, OnnxVerifier verifier)
      throws InterruptedException {
    return Search.run(
            spec, generator, List.of(verifier), Runnable::run, 1, Optional.empty(), _ -> {})
        .decision();
  }

  @ParameterizedTest
  @EnumSource
  void everyScaleDrawnHasALogLikelihoodWhereTheGraphGivesIt(Codebook codebook) {
    try (OnnxGenerator generator = codebook.load(1)) {
      SearchSpec spec = spec(generator, "a red star", new RolloutDepth.Full());
      for (int scale = 1; scale <= 3; scale++) {
        Bits prefix = prefix(generator, spec, scale);
        for (Drawing drawing : generator.draw(spec, slice(scale, 3, 5), prefix).drawings()) {
          assertThat(drawing.logLikelihood())
              .hasSize(4 - scale)
              .allMatch(value -> value <= 0 && value > -100);
        }
      }
    }
    try (OnnxGenerator generator =
        new OnnxGenerator(Installed.open(Installed.GENERATOR), Hardware.cpu(1))) {
      SearchSpec spec = spec(generator, "a red star", new RolloutDepth.Full());
      Bits none = Bits.none(generator.bitsPerToken());
      assertThat(generator.draw(spec, slice(1, 1, 2), none).drawings())
          .extracting(Drawing::logLikelihood)
          .containsOnly(List.of());
    }
  }
}
