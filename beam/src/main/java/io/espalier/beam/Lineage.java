package io.espalier.beam;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Where a node lies in the search tree: the list of branch numbers from the root, one per scale.
///
/// A node that goes on with its parent's rollout instead of drawing anew has the mark [#CARRY] in
/// a branch number's place. Marks at the end are stripped before keying ([#key()]), so that a
/// carried node *is* the rollout that it came from, and draws below it have random numbers of
/// their own.
///
/// The order is lexicographic, a parent before its children, branches before the mark; it breaks
/// every tie of a search.
public final class Lineage implements Comparable<Lineage> {

  /// The mark of a carried node.
  public static final int CARRY = Integer.MAX_VALUE;

  private static final String CARRY_TEXT = "carry";
  private static final Lineage ROOT = new Lineage(new int[0]);

  private final int[] steps;

  private Lineage(int[] steps) {
    this.steps = steps;
  }

  /// The empty prefix.
  public static Lineage root() {
    return ROOT;
  }

  /// Reads what [#toString()] wrote, such as `3.0.carry`; the empty text is the root.
  public static Lineage parse(String text) {
    if (text.isEmpty()) {
      return ROOT;
    }
    try {
      return new Lineage(Stream.of(text.split("\\.", -1)).mapToInt(Lineage::step).toArray());
    } catch (NumberFormatException e) {
      throw new InvalidSearchException(
          "'" + text + "' is not a lineage; a lineage looks like 3.0.carry");
    }
  }

  private static int step(String text) {
    return text.equals(CARRY_TEXT) ? CARRY : Integer.parseUnsignedInt(text);
  }

  /// The child that draws with this branch number, or with [#CARRY] the child that goes on.
  public Lineage child(int branch) {
    Check.that(branch >= 0, "a branch number is not negative, but was %d", branch);
    int[] longer = Arrays.copyOf(steps, steps.length + 1);
    longer[steps.length] = branch;
    return new Lineage(longer);
  }

  /// The node one scale up; the root has none.
  public Lineage parent() {
    return ancestor(steps.length - 1);
  }

  /// The node on the path to this one that lies at a scale; scale 0 is the root.
  public Lineage ancestor(int scale) {
    return scale == steps.length ? this : new Lineage(Arrays.copyOf(steps, scale));
  }

  /// The scale that this node was drawn at, 0 for the root.
  public int scale() {
    return steps.length;
  }

  /// The last branch number, or [#CARRY].
  public int branch() {
    return steps[steps.length - 1];
  }

  /// Whether this node goes on with its parent's rollout.
  public boolean carried() {
    return steps.length > 0 && branch() == CARRY;
  }

  /// The drawn candidate whose rollout this node lies on: this lineage without the marks at its
  /// end.
  public Lineage key() {
    int length = steps.length;
    while (length > 0 && steps[length - 1] == CARRY) {
      length--;
    }
    return ancestor(length);
  }

  /// This node's rollout, `scales` further.
  public Lineage carriedOn(int scales) {
    int[] longer = Arrays.copyOf(steps, steps.length + scales);
    Arrays.fill(longer, steps.length, longer.length, CARRY);
    return new Lineage(longer);
  }

  int[] steps() {
    return steps.clone();
  }

  @Override
  public int compareTo(Lineage other) {
    return Arrays.compare(steps, other.steps);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Lineage lineage && Arrays.equals(steps, lineage.steps);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(steps);
  }

  @Override
  public String toString() {
    return Arrays.stream(steps)
        .mapToObj(step -> step == CARRY ? CARRY_TEXT : Integer.toString(step))
        .collect(Collectors.joining("."));
  }
}
