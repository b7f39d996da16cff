package io.espalier.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.espalier.beam.BacktrackingSearch;
import io.espalier.beam.BeamSearch;
import io.espalier.beam.GreedySearch;
import io.espalier.beam.RandomSearch;
import io.espalier.beam.SequentialMonteCarlo;
import io.espalier.beam.Strategy;
import io.espalier.beam.ThresholdSearch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The command line as it is typed, over the shipped models, in one process without services.
class CommandLineTest {

  private static final String PROMPT = "a red circle left of a blue square";
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final Map<Class<?>, String> STRATEGIES =
      Map.of(
          RandomSearch.class, "random",
          GreedySearch.class, "greedy",
          BeamSearch.class, "beam",
          SequentialMonteCarlo.class, "smc",
          ThresholdSearch.class, "threshold",
          BacktrackingSearch.class, "backtracking");

  @TempDir private Path temporary;

  @Test
  void aSearchWritesItsFourFilesAndEndsWithTheScores() throws IOException {
    Path folder = temporary.resolve("new/folder");
    Typed run = search(PROMPT, "--width", "2", "--branches", "3", "--out", folder.toString());
    assertThat(run.status()).isZero();
    assertThat(run.out().lines().map(line -> line.split(" ", 2)[0]).toList())
        .containsExactly("answer", "first", "cost", "time", "wrote");
    assertThat(names(folder))
        .containsExactlyInAnyOrder("result.png", "result.json", "tree.json", "sheet.png");
    JsonNode result = JSON.readTree(folder.resolve("result.json").toFile());
    assertThat(run.err().lines().toList()).hasSize(7).allMatch(line -> line.startsWith("scale "));
    assertThat(result.at("/status").asText()).isEqualTo("found");
    assertThat(result.at("/prompt").asText()).isEqualTo(PROMPT);
    assertThat(result.at("/settings/strategy").toString())
        .isEqualTo("{\"type\":\"beam\",\"width\":2,\"branches\":3}");
    assertThat(result.at("/bundle/digest").asText()).hasSize(64);
    assertThat(result.at("/ledger/nfe").asLong()).isEqualTo(2 * 3 * 7 + 2 * 2 * 7 * 6 / 2);
    assertThat(result.at("/ledger/modelMillis").asLong()).isPositive();
    assertThat(result.at("/answer/score").asDouble())
        .isGreaterThanOrEqualTo(result.at("/first/score").asDouble());
    assertThat(result.at("/answer/scores").propertyStream().map(Map.Entry::getKey))
        .containsExactly("aesthetic", "clip", "image-reward", "vlm");
  }

  @ParameterizedTest
  @CsvSource({
    "beam:width=2;branches=3,full,carry,weighted",
    "beam:width=2;branches=3,full,no-carry,rank",
    "beam:width=2;branches=3,3,carry,rank",
    "beam:width=2;branches=3,prefix,carry,weighted",
    "beam:width=4/2/1;branches=3;perParent=1;spread=1/2,3/3/full,carry,weighted",
    "greedy:branches=3,full,carry,weighted",
    "random:images=4,full,carry,weighted",
    "smc:particles=5,full,carry,weighted",
    "smc:particles=6/4/3;at=1/3,prefix,no-carry,rank",
    "threshold:draws=6;wave=2;width=2,full,carry,weighted",
    "backtracking:width=2;branches=3,full,carry,weighted",
  })
  void twoRunsOfOneSeedWriteTheSameBytesWhateverTheThreads(
      String strategy, String depth, String carry, String combine) throws IOException {
    List<Path> folders = new ArrayList<>();
    for (String threads : List.of("1", "2", "5")) {
      Path folder = temporary.resolve(threads);
      folders.add(folder);
      Typed run =
          search(
              PROMPT,
              "--strategy",
              strategy.replace(';', ','),
              "--depth",
              depth,
              "--" + carry,
              "--combine",
              combine,
              "--tier",
              "vlm=3/2",
              "--seed",
              "9",
              "--threads",
              threads,
              "--out",
              folder.toString());
      assertThat(run.status()).isZero();
    }
    for (String file : List.of("result.png", "sheet.png", "tree.json")) {
      byte[] expected = Files.readAllBytes(folders.getFirst().resolve(file));
      for (Path folder : folders) {
        assertThat(folder.resolve(file)).hasBinaryContent(expected);
      }
    }
  }

  @Test
  void withJsonOnlyTheResultIsPrinted() throws IOException {
    Typed run = search(PROMPT, "--strategy", "random", "--images", "1", "--json", "--out", out());
    assertThat(JSON.readTree(run.out()).at("/answer/candidate").asText()).isEqualTo("0");
  }

  @Test
  void aFileOfPromptsGivesAFolderForEach() throws IOException {
    Path prompts = Files.writeString(temporary.resolve("p.txt"), "a star\n\n  three hearts \n");
    Typed run =
        search(
            "--prompts",
            prompts.toString(),
            "--strategy",
            "random",
            "--images",
            "2",
            "--out",
            out());
    assertThat(run.status()).isZero();
    assertThat(run.out().lines().toList()).hasSize(2);
    assertThat(run.out()).contains("0001").contains("a star").contains("three hearts");
    assertThat(names(Path.of(out()))).containsExactlyInAnyOrder("0001", "0002");
    assertThat(names(Path.of(out(), "0002"))).contains("result.png");
  }

  @Test
  void aPromptsFileWithABadLineIsRefusedBeforeAnySearch() throws IOException {
    Path prompts = Files.writeString(temporary.resolve("p.txt"), "a star\n" + "a star ".repeat(50));
    Typed run = search("--prompts", prompts.toString(), "--out", out());
    refused(run, "p.txt, line 2: the prompt has");
    assertThat(Path.of(out())).doesNotExist();
  }

  @Test
  void thePapersSettingsGiveWayToExplicitOnes() throws IOException {
    search(
        PROMPT,
        "--paper",
        "--combine",
        "weighted",
        "--width",
        "1",
        "--branches",
        "1",
        "--out",
        out());
    JsonNode settings = JSON.readTree(Path.of(out(), "result.json").toFile()).at("/settings");
    assertThat(settings.at("/carry").asBoolean()).isFalse();
    assertThat(settings.at("/answer").asText()).isEqualTo("last-frontier");
    assertThat(settings.at("/combine").asText()).isEqualTo("weighted");
  }

  @Test
  void theShortOptionsAreParametersOfTheStrategy() throws IOException {
    search(PROMPT, "--width", "2/1", "--branches", "2", "--max-nfe", "28", "--out", out());
    assertThat(settings().at("/strategy").toString())
        .isEqualTo("{\"type\":\"beam\",\"width\":[2,1],\"branches\":2}");
  }

  @Test
  void tiersAConfidenceAndADepthByScaleAreTaken() throws IOException {
    Typed run =
        search(
            PROMPT,
            "--strategy=smc:particles=4",
            "--tier=vlm=2,clip=0/3",
            "--tier",
            "image-reward=3",
            "--depth=3/3/full",
            "--confidence=0.5",
            "--calibration",
            "-30=0.4,-20=0.5,0=0.9",
            "--out",
            out());

    assertThat(run.ok().out()).contains("is right with a probability of at least 0.5 at scale 3");
    assertThat(settings().at("/tiers").toString())
        .isEqualTo("{\"clip\":[0,3],\"image-reward\":[3],\"vlm\":[2]}");
    assertThat(settings().at("/depth").asText()).isEqualTo("3/3/full");
    assertThat(settings().at("/confidence").asDouble()).isEqualTo(0.5);
    assertThat(settings().at("/calibration/0/0").asDouble()).isEqualTo(-30);
  }

  private JsonNode settings() throws IOException {
    return JSON.readTree(Path.of(out(), "result.json").toFile()).at("/settings");
  }

  @Test
  void anUnknownWordIsAWarningAndNoError() throws IOException {
    Typed run = search("a red dog", "--strategy", "random", "--images", "1", "--out", out());
    assertThat(run.status()).isZero();
    assertThat(run.out()).contains("shapes-infinity does not know the word 'dog'");
  }

  @Test
  void aDeadlineThatPassesBeforeAnyImageEndsWithoutAnAnswer() throws IOException {
    Typed run = search(PROMPT, "--deadline", "0.000001", "--out", out());
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.out()).contains("no answer").contains("deadline passed");
    assertThat(names(Path.of(out()))).doesNotContain("result.png").contains("result.json");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "--width 0 | width is 0",
        "--branches -2 | branches is -2",
        "--strategy random --images 0 | images is 0",
        "--strategy depth-first | strategy is 'depth-first', but can be random, greedy, beam, smc,",
        "--strategy beam:width | 'width' is no parameter of a strategy; write it like beam:width=3",
        "--strategy beam:widht=3 | the strategy beam has no parameter 'widht'; it has width, branches",
        "--strategy beam:width=three | width of the strategy beam is 'three', but must be a number",
        "--strategy beam:width=8/x | width of the strategy beam is 'x'",
        "--strategy beam:width=3 --width 4 | width is given twice, in --strategy (3) and as --width (4)",
        "--strategy greedy --width 4 | the strategy greedy has no parameter 'width'; it has branches",
        "--images 4 | the strategy beam has no parameter 'images'; it has width, branches",
        "--strategy smc:lambda=NaN | lambda of the strategy smc is 'NaN', but must be a number",
        "--width three | width of the strategy beam is 'three', but must be a number",
        "--tier vlm=five | --tier vlm is 'five', but must be a whole number",
        "--tier nobody=5 | tiers names nobody, which is none of the search's verifiers",
        "--tier vlm=-1 | verifier vlm is to see the best -1",
        "--verifier vlm=1 --tier vlm=5 | one of them has to see all",
        "--confidence 0.9 | confidence needs a calibration",
        "--confidence 2 --calibration 0=0.5 | a probability above 0 and not above 1",
        "--confidence 0.9 --calibration 0 | --calibration has the point '0'",
        "--confidence 0.9 --calibration 0=a | --calibration has the point '0=a'",
        "--confidence 0.9 --calibration 1=0.5,0=0.6 | the calibration's points must rise",
        "--depth 8 | beyond the generator's last scale, 7",
        "--depth 0 | scales start at 1",
        "--depth deep | depth is 'deep'",
        "--depth 3/deep | depth is 'deep'",
        "--depth 3/8 | beyond the generator's last scale, 7",
        "--answer none | answer is 'none'",
        "--combine best | combine is 'best'",
        "--max-nfe 6 | one image takes 7",
        "--max-nfe 0 | max-nfe",
        "--target-score NaN | target-score",
        "--deadline -1 | the deadline is -1.0",
        "--temperature 0 | temperature",
        "--top-p 1.5 | top-p",
        "--guidance NaN | guidance",
        "--verifier nobody=1 | there is no bundle 'nobody'",
        "--verifier clip=0 | weight",
        "--verifier shapes-infinity=1 | a verifier is needed here",
        "--bundle clip | a generator is needed here",
        "--bundle nowhere | there is no bundle 'nowhere'",
        "--threads 0 | --threads is 0",
        "--width 200 --branches 200 | at most 10000",
      })
  void badOptionsAreRefusedInOneLine(String options, String words) {
    List<String> arguments = new ArrayList<>(List.of(PROMPT, "--out", out()));
    arguments.addAll(List.of(options.split(" ")));
    refused(search(arguments.toArray(String[]::new)), words);
    assertThat(Path.of(out())).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "   "})
  void anEmptyPromptIsRefused(String prompt) {
    refused(search(prompt, "--out", out()), "the prompt is empty");
  }

  @Test
  void anOverlongPromptIsRefused() {
    refused(search("a star ".repeat(50), "--out", out()), "takes at most");
    assertThat(Path.of(out())).doesNotExist();
  }

  @Test
  void optionsThatPicocliCannotReadAreRefusedInOneLine() {
    Typed run = search(PROMPT, "--seed", "three");
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err().lines().toList()).hasSize(1);
    assertThat(run.err()).contains("--seed").contains("three");
    assertThat(search("--colour", "red").status()).isEqualTo(2);
  }

  @Test
  void aPromptOrAFileIsNeededAndNotBoth() {
    refused(search("--out", out()), "give a PROMPT or --prompts FILE");
    refused(search(PROMPT, "--prompts", "file"), "exclude each other");
    refused(search("--prompts", "/nowhere", "--out", out()), "there is no such file");
  }

  @Test
  void anOutputFolderThatCannotBeWrittenIsRefusedBeforeTheSearch() throws IOException {
    Path file = Files.writeString(temporary.resolve("file"), "");
    refused(search(PROMPT, "--out", file.toString()), "choose another --out");
    refused(search(PROMPT, "--out", file + "/below"), "choose another --out");
    refused(search(PROMPT, "--out", "/proc/espalier"), "choose another --out");
  }

  @Test
  void bundlesListsWhatIsInstalled() {
    Typed run = Typed.espalier("bundles");
    assertThat(run.status()).isZero();
    assertThat(run.out())
        .contains("shapes-infinity", "generator", "clip", "verifier", "MB", "Apache-2.0");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--parts 9 | there is no part 9",
        "--prompts 0 | --prompts is 0",
        "--seeds 0 | --seeds is 0",
        "--some -1 | --some is -1",
        "--parts 3 --out /proc/espalier | /proc/espalier/runs cannot be written"
      })
  void anExperimentThatMakesNoSenseIsRefused(String options, String words) {
    List<String> arguments = new ArrayList<>(List.of("bench", "paper", "--in-process"));
    arguments.addAll(List.of(options.split(" ")));
    refused(Typed.espalier(arguments.toArray(String[]::new)), words);
  }

  @Test
  void helpIsComplete() {
    String help = search("--help").out();
    for (String option :
        List.of(
            "--bundle",
            "--strategy",
            "--images",
            "--width",
            "--branches",
            "--depth",
            "--[no-]carry",
            "--answer",
            "--verifier",
            "--tier",
            "--combine",
            "--guidance",
            "--temperature",
            "--top-p",
            "--seed",
            "--max-nfe",
            "--target-score",
            "--confidence",
            "--calibration",
            "--deadline",
            "--paper",
            "--in-process",
            "--data",
            "--out",
            "--json",
            "--prompts")) {
      assertThat(help).contains(option);
    }
    for (Class<?> strategy : Strategy.class.getPermittedSubclasses()) {
      assertThat(STRATEGIES).as("add it to the help of --strategy").containsKey(strategy);
      assertThat(help).containsPattern("\n +" + STRATEGIES.get(strategy) + "  +\\w");
    }
  }

  private String out() {
    return temporary.resolve("out").toString();
  }

  private static void refused(Typed run, String words) {
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).startsWith("espalier: ").contains(words);
    assertThat(run.err().lines().toList()).hasSize(1);
    assertThat(run.out()).isEmpty();
  }

  private static Typed search(String... arguments) {
    List<String> all = new ArrayList<>(List.of("search", "--in-process"));
    all.addAll(List.of(arguments));
    return Typed.espalier(all.toArray(String[]::new));
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }
}
