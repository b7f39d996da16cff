package io.espalier.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
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
    assertThat(beam.request("a star", 7).width()).isEqualTo(3);
    assertThat(beam.whole()).isTrue();
  }
}
