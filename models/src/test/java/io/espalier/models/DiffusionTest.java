package io.espalier.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.espalier.beam.AnswerRule;
import io.espalier.beam.Bits;
import io.espalier.beam.Budget;
import io.espalier.beam.Combine;
import io.espalier.beam.Criterion;
import io.espalier.beam.Drawing;
import io.espalier.beam.Grid;
import io.espalier.beam.Lineage;
import io.espalier.beam.RandomSearch;
import io.espalier.beam.RolloutDepth;
import io.espalier.beam.Sampling;
import io.espalier.beam.Schedule;
import io.espalier.beam.SearchSpec;
import io.espalier.beam.Slice;
import io.espalier.models.ModelException.BadBundle;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A diffusion bundle: the text encoder and the decoder of the shipped generator, and a sampling
/// graph of three steps whose weights nobody has trained.
class DiffusionTest {

  private static final int STEPS = 3;
  @TempDir private Path folder;

  @BeforeEach
  void bundle() throws Exception {
    for (String file : List.of("text.onnx", "decode.onnx", "tokenizer.json")) {
      Files.copy(Installed.open(Installed.GENERATOR).file(file), folder.resolve(file));
    }
    try (InputStream sample = getClass().getResourceAsStream("sample.onnx")) {
      Files.copy(Objects.requireNonNull(sample), folder.resolve("sample.onnx"));
    }
    writeManifest(STEPS);
  }

  private void writeManifest(int steps) throws Exception {
    List<String> digests = new ArrayList<>();
    for (String file : List.of("text.onnx", "sample.onnx", "decode.onnx", "tokenizer.json")) {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(folder.resolve(file)));
      digests.add("\"%s\": \"%s\"".formatted(file, HexFormat.of().formatHex(digest)));
    }
    String manifest =
        """
        {"schema": 1, "name": "noise", "kind": "diffusion-generator", "version": "1.0.0",
         "licence": "Apache-2.0", "source": "a test", "trainedOn": "nothing",
         "tokenizer": "tokenizer.json", "files": {%s},
         "diffusion": {"steps": %d, "latent": [32, 8, 8], "image": [128, 128],
                       "prompt": {"tokens": 24, "characters": 400}, "guidance": 2.0}}
        """
            .formatted(String.join(", ", digests), steps);
    Files.writeString(folder.resolve("bundle.json"), manifest);
  }

  private static SearchSpec spec(long seed) {
    return new SearchSpec(
        "a red star",
        seed,
        new Schedule(Collections.nCopies(STEPS, new Grid(8, 8))),
        new RandomSearch(9),
        new RolloutDepth.Full(),
        false,
        AnswerRule.BEST_EVER,
        Combine.WEIGHTED,
        List.of(new Criterion("clip", 1, 0, 1)),
        Budget.none(),
        new Sampling(
            Collections.nCopies(STEPS, 2f),
            Collections.nCopies(STEPS, 1f),
            Collections.nCopies(STEPS, 1f)),
        Optional.empty());
  }

  private static Slice slice(int scale, List<Integer> branches) {
    return new Slice(Lineage.root(), Optional.empty(), scale, STEPS, branches);
  }

  private static List<String> draw(LoadedGenerator generator, long seed, Integer... branches) {
    return generator.draw(spec(seed), slice(1, List.of(branches)), Bits.none(0)).drawings().stream()
        .map(Drawing::rendition)
        .map(rendition -> rendition.image())
        .toList();
  }

  @Test
  void aPictureIsTheSameAloneAndAmongOthersOnAnyNumberOfThreads() {
    try (LoadedGenerator one = LoadedGenerator.open(Bundle.open(folder), Hardware.cpu(1));
        LoadedGenerator two = LoadedGenerator.open(Bundle.open(folder), Hardware.cpu(2))) {
      List<String> together = draw(one, 5, 0, 1, 2, 3, 4, 5, 6, 7, 8);

      assertThat(together)
          .doesNotHaveDuplicates()
          .isEqualTo(draw(two, 5, 0, 1, 2, 3, 4, 5, 6, 7, 8));
      for (int branch = 0; branch < together.size(); branch++) {
        assertThat(draw(one, 5, branch)).containsExactly(together.get(branch));
      }
      assertThat(draw(one, 6, 0, 1)).doesNotContainAnyElementsOf(together);
    }
  }

  @Test
  void itHasNoBitsAndDrawsOnlyWholePictures() {
    try (LoadedGenerator generator = LoadedGenerator.open(Bundle.open(folder), Hardware.cpu(1))) {
      Drawing drawing =
          generator.draw(spec(1), slice(1, List.of(0)), Bits.none(0)).drawings().getFirst();

      assertThat(generator.bitsPerToken()).isZero();
      assertThat(drawing.bits().packed()).isEmpty();
      assertThat(drawing.image().width()).isEqualTo(128);
      assertThatThrownBy(() -> generator.draw(spec(1), slice(2, List.of(0)), Bits.none(0)))
          .hasMessageContaining("whole pictures");
      assertThat(generator.check("a red zeppelin"))
          .containsExactly("noise does not know the word 'zeppelin'");
    }
  }

  @Test
  void aManifestThatMakesNoSenseIsRefused() throws Exception {
    writeManifest(0);
    assertThatThrownBy(() -> Bundle.open(folder))
        .isInstanceOf(BadBundle.class)
        .hasMessageContaining("diffusion.steps must be positive");
  }

  @Test
  void aGeneratorOfTheOtherKindIsSaid() throws IOException {
    Bundle bundle = Bundle.open(folder);
    assertThatThrownBy(() -> new OnnxGenerator(bundle, Hardware.cpu(1)))
        .isInstanceOf(BadBundle.class)
        .hasMessageContaining("noise is a diffusion-generator, but a generator is needed");
  }
}
