package io.espalier.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Ctrl-C, on a process of its own.
class InterruptionIT {

  private static final Pattern FIRST_SCALE = Pattern.compile("scale 1 of 7");

  @TempDir private Path temporary;

  private String path(String name) {
    return temporary.resolve(name).toString();
  }

  @Test
  void ctrlCInTheMiddleLeavesNothingAndSaysSo() {
    try (Processes processes = new Processes(temporary)) {
      Processes.Running search =
          processes.espalier(
              "search",
              "search",
              "--in-process",
              "a star",
              "--width=6",
              "--branches=8",
              "--out",
              path("out"));
      search.awaitText(FIRST_SCALE);
      search.signal("INT");

      assertThat(search.join()).isEqualTo(Services.INTERRUPTED);
      assertThat(search.text())
          .contains("espalier: interrupted; nothing was written")
          .doesNotContain("Exception");
      assertThat(temporary.resolve("out")).doesNotExist();
    }
  }

  @Test
  void ctrlCThroughTheFlowCancelsTheJobToo() {
    try (Processes processes = new Processes(temporary)) {
      Processes.Running search =
          processes.espalier(
              "search",
              "search",
              "a star",
              "--width=6",
              "--branches=8",
              "--out",
              path("out"),
              "--data",
              path("data"));
      search.awaitText(FIRST_SCALE);
      search.signal("INT");

      assertThat(search.join()).isEqualTo(Services.INTERRUPTED);
      assertThat(search.text())
          .contains("espalier: interrupted; nothing was written")
          .doesNotContain("Exception");
      assertThat(temporary.resolve("out")).doesNotExist();

      Processes.Running server =
          processes.espalier("serve", "serve", "--port=0", "--data", path("data"));
      server.awaitText(Pattern.compile("espalier serves at"));
      // What was asked before the servers stopped is done once they run again.
      await()
          .atMost(Duration.ofMinutes(1))
          .untilAsserted(
              () ->
                  assertThat(Typed.espalier("jobs", "--data", path("data")).ok().out())
                      .contains("cancelled"));
    }
  }
}
