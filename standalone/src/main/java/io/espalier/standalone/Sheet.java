package io.espalier.standalone;

import io.espalier.beam.Image;
import io.espalier.beam.Png;
import io.espalier.beam.Strategy;
import io.espalier.contracts.Settings;
import io.espalier.contracts.TreeDocument;
import io.espalier.contracts.TreeDocument.Node;
import io.espalier.standalone.SheetLayout.Cell;
import io.espalier.standalone.SheetLayout.Row;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.CubicCurve2D;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/// A search tree as one picture: a row per scale, every candidate's image with its score under
/// it, hypotheses framed, the answer marked, lines from each hypothesis to its branches.
///
/// Under an image stands its weighted score. `↳` is a rollout that was carried over, `×3` how many
/// branches a hypothesis has where others have fewer or more, `(2/4)` how many of the verifiers
/// scored it where not all did, and a dashed line leads to a cut image that was drawn to the last
/// scale. Of a large tree the sheet shows what led to the answer, hypotheses and the best.
final class Sheet {

  private static final int MARGIN = SheetLayout.MARGIN;
  private static final int CAPTION = SheetLayout.CAPTION;
  private static final Color PAPER = new Color(0xFAFAF7);
  private static final Color INK = new Color(0x22262B);
  private static final Color FAINT = new Color(0x8A9099);
  private static final Color KEPT = new Color(0x2E7D4F);
  private static final Color ANSWER = new Color(0xD9480F);
  private static final Color EDGE = new Color(0x2E, 0x7D, 0x4F, 0x70);
  private static final BasicStroke LINE = new BasicStroke(1.4f);
  private static final BasicStroke DASHED =
      new BasicStroke(
          1.4f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 10, new float[] {5, 4}, 0);

  private final TreeDocument tree;
  private final SheetLayout layout;
  private final int side;

  private Sheet(TreeDocument tree) {
    this.tree = tree;
    this.layout = new SheetLayout(tree);
    this.side = layout.side();
  }

  /// Draws the sheet as a PNG file. Of the images only small copies are kept.
  ///
  /// @param images gives an image by its digest; called on several threads
  static byte[] png(TreeDocument tree, Function<String, Optional<Image>> images) {
    return Png.encode(new Sheet(tree).draw(images));
  }

  private BufferedImage draw(Function<String, Optional<Image>> images) {
    List<Cell> cells = layout.cells();
    List<Optional<BufferedImage>> small =
        cells.parallelStream().map(cell -> small(cell.node(), images)).toList();
    BufferedImage sheet =
        new BufferedImage(layout.width(), layout.height(), BufferedImage.TYPE_INT_RGB);
    Graphics2D pen = pen(sheet);
    pen.setColor(PAPER);
    pen.fillRect(0, 0, layout.width(), layout.height());
    header(pen);
    cells.forEach(cell -> edge(pen, cell));
    for (int i = 0; i < cells.size(); i++) {
      candidate(pen, cells.get(i), small.get(i));
    }
    layout.rows().forEach(row -> label(pen, row));
    pen.dispose();
    return sheet;
  }

  private static Graphics2D pen(BufferedImage picture) {
    Graphics2D pen = picture.createGraphics();
    pen.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    pen.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    pen.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
    return pen;
  }

  private Optional<BufferedImage> small(Node node, Function<String, Optional<Image>> images) {
    return Optional.ofNullable(node.image())
        .flatMap(images)
        .map(
            image -> {
              BufferedImage small = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
              Graphics2D pen = pen(small);
              pen.drawImage(Png.asBuffered(image), 0, 0, side, side, null);
              pen.dispose();
              return small;
            });
  }

  private void header(Graphics2D pen) {
    int room = layout.width() - 2 * MARGIN;
    pen.setColor(INK);
    pen.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 20));
    pen.drawString(fitted(pen, tree.prompt(), room), MARGIN, MARGIN + 18);
    pen.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    pen.setColor(FAINT);
    pen.drawString(fitted(pen, summary(), room), MARGIN, MARGIN + 42);
  }

  private String summary() {
    Settings settings = tree.settings();
    return "%s, depth %s, seed %d, %s, %d NFE"
            .formatted(
                Strategy.of(settings.strategy()).describe(),
                settings.depth(),
                settings.seed(),
                settings.verifiers().keySet().stream()
                    .map(verifier -> verifier + tier(verifier))
                    .collect(Collectors.joining(" + ")),
                tree.cost().nfe())
        + (tree.answer() == null ? ", no answer" : ", answer " + tree.answer());
  }

  private String tier(String verifier) {
    Map<String, List<Integer>> tiers = tree.settings().tiers();
    return tiers == null || !tiers.containsKey(verifier)
        ? ""
        : tiers.get(verifier).stream()
            .map(String::valueOf)
            .collect(Collectors.joining("/", " (best ", ")"));
  }

  private static String fitted(Graphics2D pen, String text, int room) {
    FontMetrics metrics = pen.getFontMetrics();
    String shown = text;
    while (metrics.stringWidth(shown) > room && shown.length() > 1) {
      shown = shown.substring(0, shown.length() - 2) + "…";
    }
    return shown;
  }

  private void edge(Graphics2D pen, Cell cell) {
    Optional<Cell> parent = layout.parent(cell);
    if (parent.isEmpty()) {
      return;
    }
    int fromX = parent.get().x() + side / 2;
    int fromY = parent.get().y() + side + CAPTION;
    int toX = cell.x() + side / 2;
    int toY = cell.y() - 2;
    double middle = (fromY + toY) / 2.0;
    pen.setColor(EDGE);
    pen.setStroke(SheetLayout.completed(cell.node()) ? DASHED : LINE);
    pen.draw(new CubicCurve2D.Double(fromX, fromY, fromX, middle, toX, middle, toX, toY));
  }

  private void candidate(Graphics2D pen, Cell cell, Optional<BufferedImage> image) {
    Node node = cell.node();
    if (image.isPresent()) {
      pen.drawImage(image.get(), cell.x(), cell.y(), null);
    } else {
      pen.setColor(Color.LIGHT_GRAY);
      pen.fillRect(cell.x(), cell.y(), side, side);
    }
    boolean answer = node.lineage().equals(tree.answer());
    boolean kept = node.fate().equals("kept");
    if (answer || kept) {
      pen.setColor(answer ? ANSWER : KEPT);
      pen.setStroke(new BasicStroke(answer ? 5 : 3));
      pen.drawRect(cell.x() - 1, cell.y() - 1, side + 1, side + 1);
    }
    pen.setFont(new Font(Font.SANS_SERIF, answer ? Font.BOLD : Font.PLAIN, 12));
    pen.setColor(answer ? ANSWER : kept ? KEPT : FAINT);
    String caption = caption(cell, answer);
    int textWidth = pen.getFontMetrics().stringWidth(caption);
    pen.drawString(caption, cell.x() + (side - textWidth) / 2, cell.y() + side + CAPTION - 3);
  }

  private String caption(Cell cell, boolean answer) {
    Node node = cell.node();
    StringBuilder caption = new StringBuilder();
    if (answer) {
      caption.append("★ ");
    } else if (node.lineage().endsWith("carry") && !SheetLayout.completed(node)) {
      caption.append("↳ ");
    }
    caption.append(
        node.score() == null ? "no score" : String.format(Locale.ROOT, "%.2f", node.score()));
    int verifiers = tree.settings().verifiers().size();
    if (node.score() != null && node.scores().size() < verifiers) {
      caption.append(" (%d/%d)".formatted(node.scores().size(), verifiers));
    }
    cell.branches().ifPresent(branches -> caption.append(" ×").append(branches));
    return caption.toString();
  }

  private void label(Graphics2D pen, Row row) {
    int middle = row.y() + side / 2;
    List<Integer> grid = tree.scales().get(row.scale() - 1);
    pen.setColor(INK);
    pen.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 14));
    pen.drawString("scale " + row.scale(), MARGIN, middle);
    pen.setColor(FAINT);
    pen.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
    pen.drawString("%d × %d tokens".formatted(grid.get(0), grid.get(1)), MARGIN, middle + 18);
    if (row.left() > 0) {
      pen.drawString("… and %d more".formatted(row.left()), MARGIN, middle + 36);
    }
  }
}
