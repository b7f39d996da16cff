package io.espalier.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.espalier.beam.Image;
import io.espalier.beam.Verifier.Scores;
import io.espalier.models.ModelException.BadBundle;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a bundle's graphs may give or not: features of images here, log-likelihoods of scales in
/// [IndexTokensTest].
class OptionalOutputsTest {

  private static final String PROMPT = "a red star";

  @TempDir private Path temporary;

  private static Image filled(int red, int green, int blue) {
    byte[] rgb = new byte[3 * 4 * 4];
    for (int i = 0; i < rgb.length; i += 3) {
      rgb[i] = (byte) red;
      rgb[i + 1] = (byte) green;
      rgb[i + 2] = (byte) blue;
    }
    return new Image(4, 4, rgb);
  }

  private static OnnxVerifier colours(Path folder) {
    return new OnnxVerifier("colours", Bundle.open(folder), Hardware.cpu(1));
  }

  @Test
  void featuresAreGivenWhereTheyAreAskedFor() {
    List<Image> images = List.of(filled(10, 20, 30), filled(200, 100, 0), filled(1, 2, 3));
    try (OnnxVerifier verifier = colours(Installed.tiny("colours"))) {
      Scores scores = verifier.scoreWithFeatures(PROMPT, images);

      assertThat(scores.values()).containsExactly(10, 200, 1);
      assertThat(scores.features())
          .containsExactly(List.of(10f, 20f, 30f), List.of(200f, 100f, 0f), List.of(1f, 2f, 3f));
      assertThat(scores.warnings()).isEmpty();
      assertThat(verifier.score(PROMPT, images).features()).isEmpty();
      assertThat(verifier.score(PROMPT, images).values()).isEqualTo(scores.values());
    }
  }

  @Test
  void aSingleImageHasASingleVector() {
    try (OnnxVerifier verifier = colours(Installed.tiny("colours"))) {
      Scores scores = verifier.scoreWithFeatures(PROMPT, List.of(filled(7, 8, 9)));

      assertThat(scores.values()).containsExactly(7);
      assertThat(scores.features()).containsExactly(List.of(7f, 8f, 9f));
    }
  }

  @Test
  void aVerifierWithoutFeaturesWarnsOnlyWhereTheyAreAskedFor() {
    List<Image> images = List.of(filled(7, 8, 9));
    try (OnnxVerifier verifier =
        new OnnxVerifier("aesthetic", Installed.open("aesthetic"), Hardware.cpu(1))) {
      Scores scores = verifier.scoreWithFeatures(PROMPT, images);

      assertThat(scores.features(0)).isEmpty();
      assertThat(scores.warnings())
          .containsExactly(
              "aesthetic has no feature vectors, so the strategy cannot compare images by them");
      assertThat(verifier.score(PROMPT, images).warnings()).isEmpty();
    }
  }

  @Test
  void featuresThatAreNoVectorAreRefusedAtTheStart() throws Exception {
    Path folder = BundleTest.copy(Installed.tiny("colours"), temporary.resolve("colours"));
    BundleTest.replace(folder, "verifier.onnx", Installed.tiny("flat-features.onnx"));

    assertThatThrownBy(() -> colours(folder))
        .isInstanceOf(BadBundle.class)
        .hasMessage(
            folder.resolve("verifier.onnx")
                + " gives features of the shape (2) for 2 images, but must give a vector for each");
  }

  @Test
  void aLogLikelihoodOfAnotherShapeIsRefusedAtTheStart() throws Exception {
    Path folder = BundleTest.copy(Installed.tiny("indices"), temporary.resolve("indices"));
    BundleTest.replace(folder, "rollout.onnx", Installed.tiny("flat-likelihood.onnx"));
    Bundle bundle = Bundle.open(folder);

    assertThatThrownBy(() -> new OnnxGenerator(bundle, Hardware.cpu(1)))
        .isInstanceOf(BadBundle.class)
        .hasMessageContaining(
            folder.resolve("rollout.onnx") + " gives log_likelihood of the shape (1)")
        .hasMessageContaining("(1, 1)");
  }
}
