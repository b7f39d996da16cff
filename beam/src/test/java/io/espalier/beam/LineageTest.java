package io.espalier.beam;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class LineageTest {

  @Provide
  static Arbitrary<Lineage> lineages() {
    return Arbitraries.integers()
        .between(0, 5)
        .map(step -> step == 5 ? Lineage.CARRY : step)
        .list()
        .ofMaxSize(6)
        .map(LineageTest::of);
  }

  private static Lineage of(List<Integer> steps) {
    Lineage lineage = Lineage.root();
    for (int step : steps) {
      lineage = lineage.child(step);
    }
    return lineage;
  }

  @Property
  void isReadAsItIsWritten(@ForAll("lineages") Lineage lineage) {
    assertThat(Lineage.parse(lineage.toString())).isEqualTo(lineage);
  }

  @Property
  void aParentComesBeforeItsChildrenAndTheMarkLast(@ForAll("lineages") Lineage lineage) {
    assertThat(lineage).isLessThan(lineage.child(0));
    assertThat(lineage.child(0)).isLessThan(lineage.child(1));
    assertThat(lineage.child(1)).isLessThan(lineage.child(Lineage.CARRY));
  }

  @Property
  void theKeyIsTheDrawnCandidateThatMarksGoOnFrom(@ForAll("lineages") Lineage lineage) {
    Lineage key = lineage.key();
    assertThat(key.carried()).isFalse();
    assertThat(key.carriedOn(lineage.scale() - key.scale())).isEqualTo(lineage);
  }

  @Test
  void aTextThatIsNoLineageIsRefused() {
    assertThatThrownBy(() -> Lineage.parse("3..1"))
        .isInstanceOf(InvalidSearchException.class)
        .hasMessageContaining("3..1");
    assertThatThrownBy(() -> Lineage.parse("-1")).isInstanceOf(InvalidSearchException.class);
  }
}
