package io.espalier.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {

  @TempDir private Path folder;

  private Path report(Run... made) throws IOException {
    Runs runs = new Runs(Files.createDirectories(folder.resolve("runs")));
    for (Run run : made) {
      runs.add(run);
    }
    return Report.write(folder, runs, Optional.empty());
  }

  /// Random search finds one of six prompts' answers; beams find all or none.
  private Path report(boolean beamIsRight) throws IOException {
    return report(
        Stream.of("a star", "a ring", "a cross", "a heart", "a square", "a circle")
            .flatMap(
                prompt ->
                    Stream.of(
                        Samples.run("random", prompt, 0, prompt.equals("a star")),
                        Samples.run("beam", prompt, 0, beamIsRight)))
            .toArray(Run[]::new));
  }

  @Test
  void aSearchIsComparedWithRandomSearchAtEqualCost() throws IOException {
    String text = Files.readString(report(true));

    assertThat(text)
        .contains("| single draw | 0.500 |")
        .contains("| random | 0.167 |")
        .contains("| beam | 1.000 |")
        .contains("| beam | 1 | beam(width 3, branches 5) |");
    assertThat(Files.readAllLines(folder.resolve("matched.csv")))
        .hasSize(4)
        .element(1)
        .asString()
        .startsWith("beam,")
        .contains(",NFE,2,")
        .contains(",yes,");
  }

  @Test
  void promptsAreLookedAtByHowOftenADrawIsRight() throws IOException {
    report(
        Samples.random(List.of(true, false, false, false)), Samples.run("beam", "a star", 0, true));

    assertThat(Files.readAllLines(folder.resolve("difficulty.csv")))
        .last()
        .isEqualTo("beam,\"25 to 50 %\",1,0.5,1.0,1.0,1.0,0.5,0.5,0.5,yes");
  }

  @Test
  void withSeveralSeedsAPromptIsAsHardAsTheOtherSeedsDrawsSay() throws IOException {
    report(
        Samples.random(List.of(true, false, false, false)),
        Samples.run("random", "a star", 1, true),
        Samples.run("beam", "a star", 1, true));

    assertThat(Files.readAllLines(folder.resolve("difficulty.csv")))
        .last()
        .asString()
        .startsWith("beam,\"25 to 50 %\",1,");
  }

  @Test
  void verifiersAreAskedHowOftenTheyTellRightFromWrong() throws IOException {
    String text = Files.readString(report(Samples.random(List.of(true, false, true, false))));

    assertThat(text)
        .contains("| clip | 0.750 [0.750, 0.750] | 1 | 1.000 [1.000, 1.000] |")
        .contains("| vlm | 0.250 [0.250, 0.250] | 1 | 0.000 [0.000, 0.000] |");
  }

  @Test
  void steeringIsToldInStandardDeviationsOfDraws() throws IOException {
    String text =
        Files.readString(
            report(
                Samples.run("random, all weighted", "a star", 0, false),
                Samples.run("beam, vlm", "a star", 0, true)));

    assertThat(text)
        .contains("| random, clip | 0.000 [0.000, 0.000] | 0.707 | 0.707 | 0.707 | -0.707 |")
        .contains("| random, vlm | 1.000 [1.000, 1.000] | -0.707 | -0.707 | -0.707 | 0.707 |")
        .contains("| beam, vlm | 1.000");
    assertThat(ImageIO.read(folder.resolve("steering.png").toFile())).isNotNull();
  }

  @Test
  void temperaturesAndCutRolloutsAreDrawn() throws IOException {
    String text =
        Files.readString(
            report(
                Samples.run("beam at temperature 0.3", "a star", 0, true),
                Samples.run("random at temperature 0.3", "a star", 0, false),
                Samples.run("cut-full", "a star", 0, true),
                Samples.cut("cut-2", "a star")));

    assertThat(text)
        .contains("| 2 | 1.000 [1.000, 1.000] | 1 |")
        .contains("| 0.3 | 0.500 [0.500, 0.500] | 0.000 [0.000, 0.000] | 1.000 [1.000, 1.000] |");
    assertThat(ImageIO.read(folder.resolve("temperature.png").toFile())).isNotNull();
    assertThat(ImageIO.read(folder.resolve("correlation.png").toFile())).isNotNull();
  }

  @Test
  void figuresArePictures() throws IOException {
    report(false);

    for (String name :
        List.of("tasks", "cost-NFE", "cost-token-forwards", "cost-seconds", "score-NFE")) {
      BufferedImage figure = ImageIO.read(folder.resolve(name + ".png").toFile());
      assertThat(figure.getWidth()).isGreaterThan(500);
    }
  }

  @Test
  void whatWasNotRunIsLeftOut() throws IOException {
    Path file = report();

    assertThat(Files.readString(file)).doesNotContain("|");
  }
}
