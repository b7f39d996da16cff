package io.espalier.bench.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.espalier.bench.BenchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComparisonTest {

  private static final Recording.Machine HERE = new Recording.Machine("a processor", 2, 24);
  private static final Recording.Machine THERE = new Recording.Machine("another", 64, 512);

  private static Recording recording(Recording.Machine machine, Measured... measured) {
    return new Recording("2026-11-28T12:00:00Z", "1", machine, List.of(measured));
  }

  private static Measured seconds(Double... values) {
    return Measured.cost("search", "warm", "s", List.of(values));
  }

  private static Comparison.Line compared(Recording before, Recording now) {
    return Comparison.of(before, now).getFirst();
  }

  @Property
  void nothingIsSlowerThanItself(
      @ForAll @Size(min = 1, max = 12) List<@DoubleRange(min = 0.01, max = 10) Double> values) {
    Recording same = recording(HERE, Measured.cost("search", "warm", "s", values));
    assertThat(compared(same, same).verdict()).isEqualTo(Comparison.Verdict.SAME);
  }

  @Property
  void whatTakesTwiceAsLongIsWorseAndTheOtherWayRoundBetter(
      @ForAll @Size(min = 1, max = 12) List<@DoubleRange(min = 1, max = 1.9) Double> values) {
    List<Double> doubled = values.stream().map(value -> 2 * value).toList();
    Recording once = recording(HERE, Measured.cost("search", "warm", "s", values));
    Recording twice = recording(HERE, Measured.cost("search", "warm", "s", doubled));
    assertThat(compared(once, twice).verdict()).isEqualTo(Comparison.Verdict.WORSE);
    assertThat(compared(twice, once).verdict()).isEqualTo(Comparison.Verdict.BETTER);
  }

  @Test
  void aGainIsBetterWhereItGrows() {
    Recording before = recording(HERE, Measured.gain("throughput", "at 4", "1/s", List.of(1.0)));
    Recording now = recording(HERE, Measured.gain("throughput", "at 4", "1/s", List.of(2.0)));
    assertThat(compared(before, now).verdict()).isEqualTo(Comparison.Verdict.BETTER);
  }

  @Test
  void valuesThatScatterOverEachOtherHaveNotChanged() {
    Recording before = recording(HERE, seconds(1.0, 2.0, 3.0));
    Recording now = recording(HERE, seconds(1.5, 2.5, 3.5));
    assertThat(compared(before, now).verdict()).isEqualTo(Comparison.Verdict.SAME);
  }

  @Test
  void manyValuesMayOverlapAndStillHaveChanged() {
    Recording before = recording(HERE, seconds(1.0, 1.1, 1.2, 1.1, 1.0, 1.2, 1.1, 2.1));
    Recording now = recording(HERE, seconds(2.0, 2.1, 2.2, 2.1, 2.0, 2.2, 2.1, 2.5));
    assertThat(compared(before, now).verdict()).isEqualTo(Comparison.Verdict.WORSE);
  }

  @Test
  void machinesCompareByTheirRatiosAlone() {
    Measured flow = seconds(3.0, 3.3);
    Measured inProcess = Measured.cost("search", "in process", "s", List.of(1.5, 1.1));
    Measured ratio = flow.over(inProcess, "flow over in process");
    Recording before = recording(HERE, flow, seconds(1.0).over(seconds(1.0), ratio.name()));
    Recording now = recording(THERE, flow, ratio);
    assertThat(ratio.values()).containsExactly(2.0, 3.3 / 1.1);
    assertThat(Comparison.of(before, now))
        .extracting(Comparison.Line::verdict)
        .containsExactly(Comparison.Verdict.OTHER_MACHINE, Comparison.Verdict.WORSE);
  }

  @Test
  void whatWasNeverMeasuredIsNew() {
    assertThat(compared(recording(HERE), recording(HERE, seconds(1.0))).verdict())
        .isEqualTo(Comparison.Verdict.NEW);
    assertThatThrownBy(() -> seconds()).hasMessageContaining("never measured");
  }

  @Test
  void aRecordingIsReadAsItWasWritten(@TempDir Path folder) throws IOException {
    Recording written = recording(HERE, seconds(1.0, 2.0), seconds(1.0).over(seconds(2.0), "half"));
    Path file = folder.resolve("deep/recording.json");
    written.write(file);
    assertThat(Recording.read(file)).isEqualTo(written);
    Files.writeString(file, "{\"at\": 1,");
    assertThatThrownBy(() -> Recording.read(file))
        .isInstanceOf(BenchException.class)
        .hasMessageContaining("is no recording of this benchmark");
  }
}
