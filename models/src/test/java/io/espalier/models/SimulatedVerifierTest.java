package io.espalier.models;

import static org.assertj.core.api.Assertions.assertThat;

import io.espalier.beam.Bits;
import io.espalier.beam.Image;
import io.espalier.beam.Lineage;
import io.espalier.beam.Schedule;
import io.espalier.beam.Uniforms;
import io.espalier.beam.Verifier;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Scores of a verifier that is not there, and how long its calls take.
class SimulatedVerifierTest {

  private static final Schedule SCHEDULE =
      Simulated.bundle(Simulated.GENERATOR).generator().schedule();

  private final Simulated.FakeTime time = new Simulated.FakeTime();
  private final SimulatedVerifier verifier = Simulated.verifier(time);

  @Test
  void aScoreFollowsFromImageAndPromptWhateverElseIsInTheCall() {
    List<Image> images = images(0, 12);
    double[] together = verifier.score("a star", images).values();
    assertThat(together)
        .isEqualTo(
            images.stream()
                .mapToDouble(image -> verifier.score("a star", List.of(copy(image))).values()[0])
                .toArray())
        .doesNotHaveDuplicates();
    assertThat(verifier.score("two stars", images).values()).doesNotContain(together);
  }

  @Test
  void anotherBundleScoresOtherwise() {
    SimulatedVerifier other =
        new SimulatedVerifier(
            "taste",
            Simulated.bundle(Simulated.VERIFIER.replace("\"taste\"", "\"smell\"")),
            new SimulatedDevice(time));
    List<Image> images = images(0, 5);
    assertThat(other.score("a star", images).values())
        .doesNotContain(verifier.score("a star", images).values());
  }

  @Test
  void imagesOfAnySizeAreScored() {
    for (int side : List.of(1, 3, 16, 100)) {
      Image image = new Image(side, 2 * side, new byte[3 * side * 2 * side]);
      assertThat(verifier.score("a star", List.of(image)).values()[0]).isFinite();
    }
  }

  @Test
  void scoresAreSpreadAboutAsTheBundleSays() {
    double[] scores = verifier.score("a star", images(0, 400)).values();
    assertThat(Arrays.stream(scores).average().orElseThrow()).isBetween(4.0, 6.0);
    assertThat(deviation(scores)).isBetween(1.0, 4.0);
  }

  /// Otherwise a search would have nothing to gain by keeping the best prefixes.
  @Test
  void imagesOfOnePrefixHaveScoresThatAreAlike() {
    double[] siblings = verifier.score("a star", images(3, 400)).values();
    double[] strangers = verifier.score("a star", images(0, 400)).values();
    assertThat(deviation(siblings)).isLessThan(0.9 * deviation(strangers)).isGreaterThan(0.1);
  }

  @Test
  void imagesShareACallWhateverTheirPromptsAndItTakesLongerForEach() {
    List<Verifier.Scores> scores =
        verifier.scoreTogether(
            List.of(
                new Verifier.Wanted("a star", images(0, 3), false),
                new Verifier.Wanted("a ring", images(0, 5), true)));
    assertThat(time.slept()).containsExactly(0.5 + 8 * 0.125);
    assertThat(scores.get(0).values()).isEqualTo(verifier.score("a star", images(0, 3)).values());
    assertThat(scores.get(1).values()).isEqualTo(verifier.score("a ring", images(0, 5)).values());
    assertThat(scores.get(0).warnings())
        .containsExactly("scored by a simulated verifier, taste: it saw nothing");
    assertThat(scores.get(1).warnings())
        .hasSize(2)
        .anyMatch(warning -> warning.contains("taste has no feature vectors"));
  }

  private static double deviation(double[] scores) {
    double mean = Arrays.stream(scores).average().orElseThrow();
    return Math.sqrt(
        Arrays.stream(scores)
            .map(score -> (score - mean) * (score - mean))
            .average()
            .orElseThrow());
  }

  private static Image copy(Image image) {
    return new Image(image.width(), image.height(), image.rgb().clone());
  }

  /// Images whose bits differ from a scale on.
  ///
  /// @param shared how many scales all of them have in common
  private static List<Image> images(int shared, int count) {
    SimulatedDecoder decoder = new SimulatedDecoder(SCHEDULE, List.of(96, 96));
    return IntStream.range(0, count)
        .mapToObj(i -> decoder.decode(bits(shared, Lineage.root().child(i))))
        .toList();
  }

  private static Bits bits(int shared, Lineage lineage) {
    ByteBuffer bits = ByteBuffer.allocate(3 * SCHEDULE.tokens(1, SCHEDULE.scales()));
    for (int scale = 1; scale <= SCHEDULE.scales(); scale++) {
      FloatBuffer uniforms = FloatBuffer.allocate(3 * SCHEDULE.tokens(scale, scale));
      Lineage drawn = scale <= shared ? Lineage.root() : lineage;
      Uniforms.fill(1, drawn, scale, uniforms, uniforms.capacity());
      for (float uniform : uniforms.array()) {
        bits.put((byte) (uniform < 0.5 ? 1 : 0));
      }
    }
    return Bits.none(3).followedBy(bits.flip(), SCHEDULE.tokens(1, SCHEDULE.scales()));
  }
}
