package io.espalier.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.espalier.bench.flow.Measured;
import io.espalier.bench.flow.Recording;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlowCommandIT {

  @TempDir private Path temporary;

  @Test
  void aRecordingHoldsWhatASearchTakesThroughTheFlowAndInProcess() {
    Path file = temporary.resolve("flow.json");

    String told =
        Typed.espalier("bench", "flow", "--parts=search", "--rounds=1", "--out=" + file).ok().out();

    Recording recording = Recording.read(file);
    assertThat(recording.measured())
        .extracting(Measured::name)
        .contains(
            "the first of a server",
            "time, flow over in process",
            "core seconds, flow over in process",
            "records",
            "no model call, but commit",
            "no model call, but store");
    assertThat(recording.measured()).allSatisfy(each -> assertThat(each.median()).isNotNegative());
    assertThat(told).contains("search", "time, flow over in process", file.toString());
  }

  @Test
  void aPartThatIsNotThereIsRefused() {
    assertThat(Typed.espalier("bench", "flow", "--parts=speed").err())
        .isEqualToIgnoringNewLines(
            "espalier: there is no part 'speed'; there are gateway, memory, search, start,"
                + " throughput");
  }
}
