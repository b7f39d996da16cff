package io.espalier.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.espalier.beam.Image;
import io.espalier.contracts.BundleName;
import io.espalier.contracts.Settings;
import io.espalier.contracts.TreeDocument;
import io.espalier.contracts.TreeDocument.Node;
import io.espalier.standalone.SheetLayout.Cell;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SheetTest {

  private static final int MEGAPIXELS = 1_000_000;

  private static Node node(String lineage, String fate, int rank, @Nullable Integer offspring) {
    int scale = lineage.split("\\.", -1).length;
    return new Node(
        lineage,
        scale,
        7,
        "b",
        "i",
        Map.of("clip", 1.0),
        1.0,
        rank,
        1.0,
        offspring,
        fate,
        "",
        new TreeDocument.Cost(1, 1));
  }

  private static TreeDocument tree(String answer, List<Node> nodes) {
    Settings settings =
        new Settings(
            Map.of("type", "smc"),
            "full",
            true,
            "best-ever",
            Map.of("clip", 1.0),
            null,
            "weighted",
            List.of(),
            List.of(),
            List.of(),
            0,
            null,
            null,
            null,
            null,
            null);
    return new TreeDocument(
        1,
        "a star",
        settings,
        new BundleName("shapes-infinity", "1.0.0", "d"),
        Collections.nCopies(7, List.of(1, 1)),
        "found",
        "",
        answer,
        new TreeDocument.Cost(1, 1),
        nodes);
  }

  @Test
  void branchesAreCountedWhereTheyDifferBetweenHypothesesOfAScale() {
    SheetLayout layout =
        new SheetLayout(
            tree(
                "0",
                List.of(
                    node("0", "kept", 1, 1),
                    node("1", "pruned", 3, null),
                    node("2", "kept", 2, 1),
                    node("0.0", "kept", 1, 1),
                    node("0.1", "pruned", 3, null),
                    node("2.carry", "kept", 2, 1),
                    node("0.0.0", "pruned", 1, null),
                    node("2.carry.0", "pruned", 2, null))));

    Map<String, Integer> shown = new TreeMap<>();
    for (Cell cell : layout.cells()) {
      cell.branches().ifPresent(many -> shown.put(cell.node().lineage(), many));
    }
    assertThat(shown).isEqualTo(Map.of("0", 2, "2", 1));
  }

  @Test
  void aCompletedImageHangsOnTheNearestCandidateAboveIt() {
    SheetLayout layout =
        new SheetLayout(
            tree(
                "0.carry.carry.carry",
                List.of(
                    node("0", "pruned", 2, null),
                    node("1", "kept", 1, 1),
                    node("1.0", "pruned", 1, null),
                    node("0.carry.carry.carry", "completed", 0, null))));

    assertThat(layout.parent(layout.cells().getLast()))
        .hasValueSatisfying(cell -> assertThat(cell.node().lineage()).isEqualTo("0"));
    assertThat(layout.parent(layout.cells().get(2)))
        .hasValueSatisfying(cell -> assertThat(cell.node().lineage()).isEqualTo("1"));
  }

  @Test
  void theLargestTreeMakesASheetOfBoundedSize() throws IOException {
    List<Node> nodes = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      nodes.add(node(Integer.toString(i), i == 9_000 ? "kept" : "pruned", 10_000 - i, null));
    }
    TreeDocument tree = tree("7000", nodes);
    SheetLayout layout = new SheetLayout(tree);
    assertThat(layout.cells()).extracting(cell -> cell.node().lineage()).contains("7000", "9000");
    assertThat(layout.rows().getFirst().left()).isEqualTo(10_000 - layout.cells().size());
    assertThat((long) layout.width() * layout.height()).isLessThan(20 * MEGAPIXELS);

    AtomicInteger asked = new AtomicInteger();
    byte[] png =
        Sheet.png(
            tree,
            _ -> {
              asked.incrementAndGet();
              return Optional.of(new Image(256, 256, new byte[3 * 256 * 256]));
            });

    BufferedImage sheet = ImageIO.read(new ByteArrayInputStream(png));
    assertThat(sheet.getHeight()).isEqualTo(layout.height());
    assertThat(asked).hasValue(layout.cells().size());
  }

  @Test
  void ofADeepLargeTreeEveryScaleIsShown() {
    List<Node> nodes =
        IntStream.rangeClosed(1, 7)
            .boxed()
            .flatMap(
                scale ->
                    IntStream.range(0, 1_400)
                        .mapToObj(
                            i ->
                                node("0.".repeat(scale - 1) + i, i == 0 ? "kept" : "pruned", i, 0)))
            .toList();

    SheetLayout layout = new SheetLayout(tree("0", nodes));

    assertThat(layout.rows()).hasSize(7).allMatch(row -> row.left() > 0);
    assertThat((long) layout.width() * layout.height()).isLessThan(20 * MEGAPIXELS);
  }
}
