package io.espalier.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.espalier.beam.BeamSearch;
import io.espalier.beam.SequentialMonteCarlo;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CellTest {

  @Test
  void everyCellHasANameOfItsOwnAndAPart() {
    List<Cell> cells = Cell.all();

    assertThat(cells).extracting(Cell::name).doesNotHaveDuplicates();
    assertThat(cells).extracting(Cell::part).contains(1, 2, 3, 4);
    assertThat(cells).allSatisfy(cell -> assertThat(cell.name()).matches("[a-z0-9., -]+"));
  }

  @Test
  void aRequestIsTheCellsWithAPromptAndASeed() {
    Cell beam = Cell.all().stream().filter(cell -> cell.name().equals("beam")).findFirst().get();

    assertThat(beam.request("a star", 7).prompt()).isEqualTo("a star");
    assertThat(beam.request("a star", 7).seed()).isEqualTo(7);
    assertThat(beam.request("a star", 7).strategy())
        .isEqualTo(Map.of("type", "beam", "width", 3, "branches", 5));
    assertThat(beam.strategy()).isEqualTo(new BeamSearch(3, 5));
    assertThat(beam.whole()).isTrue();
  }

  @Test
  void everyStrategyOfACellCanBeRead() {
    assertThat(Cell.all()).allSatisfy(cell -> assertThat(cell.strategy()).isNotNull());
  }

  @Test
  void aCellWithoutAStrategyIsABeamWithItsDefaults() {
    Cell paper =
        Cell.all().stream().filter(cell -> cell.request().paper() != null).findFirst().get();

    assertThat(paper.strategy()).isEqualTo(new BeamSearch(3, 5));
  }

  @Test
  void aCellMayNameAnyStrategyTiersAndAConfidence() throws Exception {
    InputStream file =
        new ByteArrayInputStream(
            """
            [{"name": "smc", "part": 1,
              "request": {"strategy": {"type": "smc", "particles": 9}, "tiers": {"vlm": 5},
                          "confidence": 0.9, "calibration": [[0, 0.1], [4, 0.95]]}}]
            """
                .getBytes(StandardCharsets.UTF_8));

    Cell cell = Cell.read(file).getFirst();

    assertThat(cell.strategy()).isInstanceOf(SequentialMonteCarlo.class);
    assertThat(cell.request("a star", 1).tiers()).containsEntry("vlm", List.of(5));
    assertThat(cell.request("a star", 1).confidence()).isEqualTo(0.9);
    assertThat(cell.request("a star", 1).calibration()).hasSize(2);
  }
}
