package io.espalier.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {

  @TempDir private Path folder;

  private Path report(boolean beamIsRight) throws IOException {
    Runs runs = new Runs(folder.resolve("runs"));
    Files.createDirectories(folder.resolve("runs"));
    for (String prompt :
        new String[] {"a star", "a ring", "a cross", "a heart", "a square", "a circle"}) {
      runs.add(Samples.run("random", prompt, 0, prompt.equals("a star")));
      runs.add(Samples.run("beam", prompt, 0, beamIsRight));
    }
    return Report.write(folder, runs, Optional.empty());
  }

  @Test
  void aSearchIsComparedWithRandomSearchAtEqualCost() throws IOException {
    String text = Files.readString(report(true));

    assertThat(text)
        .contains("| single draw | 0.500 |")
        .contains("| random | 0.167 |")
        .contains("| beam | 1.000 |");
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
    Files.createDirectories(folder.resolve("runs"));
    Runs runs = new Runs(folder.resolve("runs"));
    runs.add(Samples.random(List.of(true, false, false, false)));
    runs.add(Samples.run("beam", "a star", 0, true));

    Report.write(folder, runs, Optional.empty());

    assertThat(Files.readAllLines(folder.resolve("difficulty.csv")))
        .last()
        .isEqualTo("beam,\"25 to 50 %\",1,0.5,1.0,1.0,1.0,0.5,0.5,0.5,yes");
  }

  @Test
  void withSeveralSeedsAPromptIsAsHardAsTheOtherSeedsDrawsSay() throws IOException {
    Files.createDirectories(folder.resolve("runs"));
    Runs runs = new Runs(folder.resolve("runs"));
    runs.add(Samples.random(List.of(true, false, false, false)));
    runs.add(Samples.run("random", "a star", 1, true));
    runs.add(Samples.run("beam", "a star", 1, true));

    Report.write(folder, runs, Optional.empty());

    assertThat(Files.readAllLines(folder.resolve("difficulty.csv")))
        .last()
        .asString()
        .startsWith("beam,\"25 to 50 %\",1,");
  }

  @Test
  void verifiersAreAskedHowOftenTheyTellRightFromWrong() throws IOException {
    Files.createDirectories(folder.resolve("runs"));
    Runs runs = new Runs(folder.resolve("runs"));
    runs.add(Samples.random(List.of(true, false, true, false)));

    String text = Files.readString(Report.write(folder, runs, Optional.empty()));

    assertThat(text)
        .contains("| clip | 0.750 [0.750, 0.750] | 1 | 1.000 [1.000, 1.000] |")
        .contains("| vlm | 0.250 [0.250, 0.250] | 1 | 0.000 [0.000, 0.000] |");
  }

  @Test
  void steeringIsToldInStandardDeviationsOfDraws() throws IOException {
    Files.createDirectories(folder.resolve("runs"));
    Runs runs = new Runs(folder.resolve("runs"));
    runs.add(Samples.run("random, all weighted", "a star", 0, false));
    runs.add(Samples.run("beam, vlm", "a star", 0, true));

    String text = Files.readString(Report.write(folder, runs, Optional.empty()));

    assertThat(text)
        .contains("| random, clip | 0.000 [0.000, 0.000] | 0.707 | 0.707 | 0.707 | -0.707 |")
        .contains("| random, vlm | 1.000 [1.000, 1.000] | -0.707 | -0.707 | -0.707 | 0.707 |")
        .contains("| beam, vlm | 1.000");
    assertThat(ImageIO.read(folder.resolve("steering.png").toFile())).isNotNull();
  }

  @Test
  void temperaturesAndCutRolloutsAreDrawn() throws IOException {
    Files.createDirectories(folder.resolve("runs"));
    Runs runs = new Runs(folder.resolve("runs"));
    runs.add(Samples.run("beam at temperature 0.3", "a star", 0, true));
    runs.add(Samples.run("random at temperature 0.3", "a star", 0, false));
    runs.add(Samples.run("cut-full", "a star", 0, true));
    runs.add(Samples.cut("cut-2", "a star"));

    String text = Files.readString(Report.write(folder, runs, Optional.empty()));

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
    Files.createDirectories(folder.resolve("runs"));
    Path file = Report.write(folder, new Runs(folder.resolve("runs")), Optional.empty());

    assertThat(Files.readString(file)).doesNotContain("|");
  }
}
