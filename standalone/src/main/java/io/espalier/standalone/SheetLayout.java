package io.espalier.standalone;

import io.espalier.contracts.TreeDocument;
import io.espalier.contracts.TreeDocument.Node;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// Where a tree's candidates stand on its sheet, in pixels: a row for each scale, of one or several
/// lines. A sheet has so many lines at most that its size is bounded, whatever the tree's.
final class SheetLayout {

  static final int MARGIN = 24;
  static final int CAPTION = 18;
  static final int HEADER = 64;

  private static final int LABEL = 92;
  private static final int GAP = 8;
  private static final int BETWEEN = 34;
  private static final int NARROWEST = 760;
  private static final int MOST_IN_A_LINE = 60;
  private static final int MOST_LINES = 36;

  /// A candidate's place.
  ///
  /// @param branches how many candidates were drawn from it or carried over; empty where every
  ///     other hypothesis of its scale has as many
  record Cell(Node node, int x, int y, Optional<Integer> branches) {}

  /// A scale's row.
  ///
  /// @param y its upper edge
  /// @param left how many candidates have no place
  record Row(int scale, int y, int left) {}

  private final Map<String, Cell> cells = new HashMap<>();
  private final List<Cell> ordered = new ArrayList<>();
  private final List<Row> rows = new ArrayList<>();
  private final int side;
  private final int width;
  private final int height;

  SheetLayout(TreeDocument tree) {
    TreeMap<Integer, List<Node>> scales = new TreeMap<>();
    tree.nodes().forEach(n -> scales.computeIfAbsent(n.scale(), _ -> new ArrayList<>()).add(n));
    int most = MOST_IN_A_LINE * Math.max(1, MOST_LINES / Math.max(1, scales.size()));
    int longest = scales.values().stream().mapToInt(List::size).max().orElse(1);
    int columns = Math.min(longest, MOST_IN_A_LINE);
    side = columns <= 18 ? 112 : columns <= 32 ? 88 : 66;
    Set<String> path = path(tree.answer() == null ? "" : tree.answer());
    Map<String, Integer> branches = branches(tree);
    int y = HEADER + MARGIN;
    for (Map.Entry<Integer, List<Node>> scale : scales.entrySet()) {
      List<Node> shown = mostTelling(scale.getValue(), most, path);
      rows.add(new Row(scale.getKey(), y, scale.getValue().size() - shown.size()));
      y = place(shown, branches, y) + BETWEEN;
    }
    width = Math.max(NARROWEST, 2 * MARGIN + LABEL + columns * (side + GAP));
    height = y - BETWEEN + MARGIN;
  }

  /// Places candidates from a height on.
  ///
  /// @param branches of every hypothesis of the tree
  /// @return the height below them
  private int place(List<Node> nodes, Map<String, Integer> branches, int from) {
    boolean differ =
        nodes.stream().flatMap(node -> branches(node, branches).stream()).distinct().count() > 1;
    int y = from;
    int inLine = 0;
    for (Node node : nodes) {
      if (inLine == MOST_IN_A_LINE) {
        inLine = 0;
        y += side + CAPTION + GAP;
      }
      int x = MARGIN + LABEL + inLine * (side + GAP);
      Cell cell = new Cell(node, x, y, branches(node, branches).filter(_ -> differ));
      cells.put(node.lineage(), cell);
      ordered.add(cell);
      inLine++;
    }
    return y + side + CAPTION;
  }

  private static Optional<Integer> branches(Node node, Map<String, Integer> branches) {
    return Optional.ofNullable(branches.get(node.lineage()));
  }

  /// How many candidates have each as their parent.
  private static Map<String, Integer> branches(TreeDocument tree) {
    Map<String, Integer> branches = new HashMap<>();
    for (Node node : tree.nodes()) {
      if (!completed(node)) {
        branches.merge(parent(node.lineage()), 1, Integer::sum);
      }
    }
    return branches;
  }

  /// The candidates of a scale, in their order. Of too many, those that led to the answer come
  /// first, then hypotheses, then the best.
  private static List<Node> mostTelling(List<Node> nodes, int most, Set<String> path) {
    if (nodes.size() <= most) {
      return nodes;
    }
    Set<Node> chosen =
        new HashSet<>(
            nodes.stream()
                .sorted(
                    Comparator.comparing((Node node) -> !path.contains(node.lineage()))
                        .thenComparing(node -> !node.fate().equals("kept"))
                        .thenComparingInt(SheetLayout::rank))
                .limit(most)
                .toList());
    return nodes.stream().filter(chosen::contains).toList();
  }

  private static int rank(Node node) {
    Integer rank = node.rank();
    return rank == null ? Integer.MAX_VALUE : rank;
  }

  /// A lineage and all that it descends from.
  private static Set<String> path(String lineage) {
    Set<String> path = new HashSet<>();
    String each = lineage;
    while (!each.isEmpty()) {
      path.add(each);
      each = parent(each);
    }
    return path;
  }

  private static String parent(String lineage) {
    return lineage.substring(0, Math.max(0, lineage.lastIndexOf('.')));
  }

  /// What a candidate was drawn from: its parent; for a cut image that was drawn to the last scale,
  /// the nearest candidate above it.
  Optional<Cell> parent(Cell cell) {
    String above = parent(cell.node().lineage());
    while (completed(cell.node()) && !above.isEmpty() && !cells.containsKey(above)) {
      above = parent(above);
    }
    return Optional.ofNullable(cells.get(above));
  }

  static boolean completed(Node node) {
    return node.fate().equals("completed");
  }

  /// Every candidate that has a place, row by row.
  List<Cell> cells() {
    return ordered;
  }

  List<Row> rows() {
    return rows;
  }

  /// The width and height of a candidate's image.
  int side() {
    return side;
  }

  int width() {
    return width;
  }

  int height() {
    return height;
  }
}
