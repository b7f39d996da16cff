package io.espalier.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.espalier.gateway.http.BundlesDocument;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Searches with models that are not there.
class SimulatedIT {

  private static final Pattern SERVES = Pattern.compile("espalier serves at (\\S+),");

  private static final String ABOUT =
      """
      {"schema": 1, "version": "1", "licence": "none", "source": "a test", "trainedOn": "nothing",
      """;

  private static final String GENERATOR =
      ABOUT
          + """
          "name": "dice", "kind": "generator", "generator": {
            "scales": [[1, 1], [2, 2], [3, 3]], "bitsPerToken": 5, "latent": [5, 3, 3],
            "image": [24, 40], "prompt": {"tokens": 9, "characters": 40},
            "guidance": [1, 1, 1], "temperature": [1, 1, 1], "topP": [1, 1, 1],
            "simulated": {"callSeconds": 0.01, "sequenceSeconds": 0.01, "imageSeconds": 0,
                          "sequences": 4}}}
          """;

  private static final String VERIFIER =
      ABOUT
          + """
          "name": "%s", "kind": "verifier", "verifier": {"measures": "chance", "mean": 0, "std": 1,
            "simulated": {"callSeconds": 0.01, "imageSeconds": 0}}}
          """;

  @TempDir private Path folder;

  @Test
  void aSearchThroughTheFlowIsThatInProcessAndSaysThatNothingWasDrawnForReal() throws Exception {
    install("dice", GENERATOR);
    install("taste", VERIFIER.formatted("taste"));
    install("smell", VERIFIER.formatted("smell"));
    try (Processes processes = new Processes(folder)) {
      String url =
          start(processes, "serve", "--port=0", "--data", folder.resolve("data").toString())
              .awaitText(SERVES)
              .group(1);
      Path flow = folder.resolve("flow");
      Typed.espalier(search("--url", url, "--out", flow.toString())).ok();
      Path here = folder.resolve("here");
      Processes.Running inProcess =
          start(processes, search("--in-process", "--out", here.toString()));
      assertThat(inProcess.join()).as(inProcess.text()).isZero();
      Typed.assertSameBytes(flow, here);
      for (Path result : new Path[] {flow, here}) {
        assertThat(result.resolve("result.json"))
            .content()
            .contains("drawn by a simulated generator, dice")
            .contains("scored by a simulated verifier, taste")
            .contains("scored by a simulated verifier, smell");
      }
      assertServedAsSimulated(new Api(URI.create(url)).bundles());
      Processes.Running bundles = start(processes, "bundles");
      assertThat(bundles.join()).isZero();
      assertThat(bundles.text())
          .containsPattern("dice 1 +generator, simulated")
          .containsPattern("taste 1 +verifier, simulated");
    }
  }

  private static void assertServedAsSimulated(BundlesDocument served) {
    assertThat(served.bundles())
        .hasSize(3)
        .allMatch(
            bundle ->
                bundle.generator() == null
                    ? bundle.verifier() != null && bundle.verifier().simulated()
                    : bundle.generator().simulated());
  }

  private static String[] search(String... more) {
    String[] asked = {
      "search", "a star", "--bundle=dice", "--verifier=taste=1,smell=1", "--width=2", "--branches=3"
    };
    return Stream.concat(Stream.of(asked), Stream.of(more)).toArray(String[]::new);
  }

  private Processes.Running start(Processes processes, String... arguments) {
    return processes.start(
        arguments[0],
        "standalone",
        Map.of("ESPALIER_BUNDLES", folder.resolve("bundles").toString()),
        arguments);
  }

  private void install(String name, String manifest) throws IOException {
    Path bundle = Files.createDirectories(folder.resolve("bundles").resolve(name));
    Files.writeString(bundle.resolve("bundle.json"), manifest);
  }
}
