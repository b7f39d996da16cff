package io.espalier.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.espalier.beam.Image;
import io.espalier.models.ModelException.BadPrompt;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Prompts as people write them.
class PromptTest {

  private static final Image GREY = new Image(16, 16, new byte[3 * 16 * 16]);

  @Test
  void capitalsAnAndAFullStopMakeNoDifference() {
    try (OnnxVerifier clip = new OnnxVerifier("clip", Installed.open("clip"), Hardware.cpu(1))) {
      double[] plain = clip.score("a orange ring", List.of(GREY)).values();
      assertThat(clip.score("An Orange ring.", List.of(GREY)).values()).isEqualTo(plain);
      assertThat(clip.score("An Orange ring.", List.of(GREY)).warnings()).isEmpty();
    }
  }

  @Test
  void anUnknownWordIsNamedInAWarning() {
    try (OnnxVerifier clip = new OnnxVerifier("clip", Installed.open("clip"), Hardware.cpu(1));
        OnnxGenerator generator =
            new OnnxGenerator(Installed.open(Installed.GENERATOR), Hardware.cpu(1))) {
      assertThat(clip.score("a red Dog, a star", List.of(GREY)).warnings())
          .contains("clip does not know the word 'Dog'");
      assertThat(generator.check("a red Dog"))
          .containsExactly("shapes-infinity does not know the word 'Dog'");
    }
  }

  @Test
  void aVerifierCutsALongPromptAndSaysSo() {
    try (OnnxVerifier clip = new OnnxVerifier("clip", Installed.open("clip"), Hardware.cpu(1))) {
      assertThat(clip.score("a star ".repeat(40), List.of(GREY)).warnings())
          .singleElement()
          .asString()
          .matches("clip read only the first \\d+ of the prompt's 81 tokens");
    }
  }

  @Test
  void aGeneratorRefusesAPromptThatIsTooLong() {
    try (OnnxGenerator generator =
        new OnnxGenerator(Installed.open(Installed.GENERATOR), Hardware.cpu(1))) {
      assertThatThrownBy(() -> generator.check("a star ".repeat(20)))
          .isInstanceOf(BadPrompt.class)
          .hasMessageContaining("41 tokens");
      assertThatThrownBy(() -> generator.check("x".repeat(5000)))
          .isInstanceOf(BadPrompt.class)
          .hasMessageContaining("5000 characters");
    }
  }
}
