package io.espalier.standalone;

import io.espalier.beam.Image;
import io.espalier.contracts.TreeDocument;
import io.espalier.contracts.TreeDocument.Node;
import io.espalier.models.Png;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.CubicCurve2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/// A search tree as one picture: a row per scale, every candidate's image with its score under
/// it, hypotheses framed, the answer marked, lines from each hypothesis to its branches.
final class Sheet {

  private static final int MARGIN = 24;
  private static final int LABEL = 92;
  private static final int GAP = 8;
  private static final int CAPTION = 18;
  private static final int BETWEEN = 34;
  private static final int HEADER = 64;
  private static final int MOST_IN_A_LINE = 60;
  private static final Color PAPER = new Color(0xFAFAF7);
  private static final Color INK = new Color(0x22262B);
  private static final Color FAINT = new Color(0x8A9099);
  private static final Color KEPT = new Color(0x2E7D4F);
  private static final Color ANSWER = new Color(0xD9480F);
  private static final Color EDGE = new Color(0x2E, 0x7D, 0x4F, 0x70);

  private record Cell(Node node, int x, int y) {}

  private final TreeDocument tree;
  private final Function<String, Optional<Image>> images;
  private final int side;
  private final Map<String, Cell> cells = new HashMap<>();
  private final int width;
  private final int height;

  private Sheet(TreeDocument tree, Function<String, Optional<Image>> images) {
    this.tree = tree;
    this.images = images;
    TreeMap<Integer, List<Node>> scales = new TreeMap<>();
    tree.nodes().forEach(n -> scales.computeIfAbsent(n.scale(), _ -> new ArrayList<>()).add(n));
    int longest = scales.values().stream().mapToInt(List::size).max().orElse(1);
    int columns = Math.min(longest, MOST_IN_A_LINE);
    side = columns <= 18 ? 112 : columns <= 32 ? 88 : 66;
    int y = HEADER + MARGIN;
    for (List<Node> row : scales.values()) {
      int inLine = 0;
      for (Node node : row) {
        if (inLine == MOST_IN_A_LINE) {
          inLine = 0;
          y += side + CAPTION + GAP;
        }
        int x = MARGIN + LABEL + inLine * (side + GAP);
        cells.put(node.lineage(), new Cell(node, x, y));
        inLine++;
      }
      y += side + CAPTION + BETWEEN;
    }
    width = Math.max(760, 2 * MARGIN + LABEL + columns * (side + GAP));
    height = y - BETWEEN + MARGIN;
  }

  /// Draws the sheet as a PNG file.
  ///
  /// @param images gives an image by its digest
  static byte[] png(TreeDocument tree, Function<String, Optional<Image>> images) {
    return Png.encode(new Sheet(tree, images).draw());
  }

  private BufferedImage draw() {
    BufferedImage sheet = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D pen = sheet.createGraphics();
    pen.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    pen.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    pen.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
    pen.setColor(PAPER);
    pen.fillRect(0, 0, width, height);
    header(pen);
    List<Cell> ordered =
        cells.values().stream()
            .sorted(Comparator.comparingInt(Cell::y).thenComparingInt(Cell::x))
            .toList();
    ordered.forEach(cell -> edge(pen, cell));
    ordered.forEach(cell -> candidate(pen, cell));
    labels(pen, ordered);
    pen.dispose();
    return sheet;
  }

  private void header(Graphics2D pen) {
    pen.setColor(INK);
    pen.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 20));
    pen.drawString(fitted(pen, tree.prompt(), width - 2 * MARGIN), MARGIN, MARGIN + 18);
    pen.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
    pen.setColor(FAINT);
    pen.drawString(fitted(pen, summary(), width - 2 * MARGIN), MARGIN, MARGIN + 42);
  }

  private String summary() {
    var settings = tree.settings();
    String shape =
        switch (settings.strategy()) {
          case "random" -> "random(%d)".formatted(settings.images());
          case "greedy" -> "greedy(%d)".formatted(settings.branches());
          default -> "beam(%d,%d)".formatted(settings.width(), settings.branches());
        };
    return "%s, depth %s, seed %d, %s, %d NFE"
            .formatted(
                shape,
                settings.depth(),
                settings.seed(),
                String.join(" + ", settings.verifiers().keySet()),
                tree.cost().nfe())
        + (tree.answer() == null ? ", no answer" : ", answer " + tree.answer());
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
    int dot = cell.node().lineage().lastIndexOf('.');
    Cell parent = dot < 0 ? null : cells.get(cell.node().lineage().substring(0, dot));
    if (parent == null) {
      return;
    }
    int fromX = parent.x() + side / 2;
    int fromY = parent.y() + side + CAPTION;
    int toX = cell.x() + side / 2;
    int toY = cell.y() - 2;
    double middle = (fromY + toY) / 2.0;
    pen.setColor(EDGE);
    pen.setStroke(new BasicStroke(1.4f));
    pen.draw(new CubicCurve2D.Double(fromX, fromY, fromX, middle, toX, middle, toX, toY));
  }

  private void candidate(Graphics2D pen, Cell cell) {
    Node node = cell.node();
    Optional<Image> image = Optional.ofNullable(node.image()).flatMap(images);
    if (image.isPresent()) {
      pen.drawImage(Png.asBuffered(image.get()), cell.x(), cell.y(), side, side, null);
    } else {
      pen.setColor(Color.LIGHT_GRAY);
      pen.fillRect(cell.x(), cell.y(), side, side);
    }
    boolean answer = node.lineage().equals(tree.answer());
    if (answer || node.fate().equals("kept")) {
      pen.setColor(answer ? ANSWER : KEPT);
      pen.setStroke(new BasicStroke(answer ? 5 : 3));
      pen.drawRect(cell.x() - 1, cell.y() - 1, side + 1, side + 1);
    }
    pen.setFont(new Font(Font.SANS_SERIF, answer ? Font.BOLD : Font.PLAIN, 12));
    pen.setColor(answer ? ANSWER : node.fate().equals("kept") ? KEPT : FAINT);
    String caption = caption(node, answer);
    int textWidth = pen.getFontMetrics().stringWidth(caption);
    pen.drawString(caption, cell.x() + (side - textWidth) / 2, cell.y() + side + CAPTION - 3);
  }

  private String caption(Node node, boolean answer) {
    String score =
        node.score() == null ? "no score" : String.format(Locale.ROOT, "%.2f", node.score());
    if (answer) {
      return "★ " + score;
    }
    return node.lineage().endsWith("carry") ? "↳ " + score : score;
  }

  private void labels(Graphics2D pen, List<Cell> ordered) {
    int scale = 0;
    for (Cell cell : ordered) {
      if (cell.node().scale() == scale) {
        continue;
      }
      scale = cell.node().scale();
      List<Integer> grid = tree.scales().get(scale - 1);
      pen.setColor(INK);
      pen.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 14));
      pen.drawString("scale " + scale, MARGIN, cell.y() + side / 2);
      pen.setColor(FAINT);
      pen.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
      pen.drawString(
          "%d × %d tokens".formatted(grid.get(0), grid.get(1)), MARGIN, cell.y() + side / 2 + 18);
    }
  }
}
