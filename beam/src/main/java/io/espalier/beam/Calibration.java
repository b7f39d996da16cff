package io.espalier.beam;

import java.util.List;

/// How likely an image is right, by its weighted score: straight lines between points, level
/// outside of them.
///
/// @param points at least one, both numbers rising
public record Calibration(List<Point> points) {

  /// An image of this weighted score is right with this probability.
  public record Point(double score, double probability) {}

  public Calibration {
    points = List.copyOf(points);
    Check.that(!points.isEmpty(), "a calibration needs at least one point");
    for (Point point : points) {
      Check.that(
          Double.isFinite(point.score) && point.probability >= 0 && point.probability <= 1,
          "the calibration's point (%s, %s) is no finite score with a probability from 0 to 1",
          point.score,
          point.probability);
    }
    for (int i = 1; i < points.size(); i++) {
      Check.that(
          points.get(i).score > points.get(i - 1).score
              && points.get(i).probability >= points.get(i - 1).probability,
          "the calibration's points must rise, but (%s, %s) comes after (%s, %s)",
          points.get(i).score,
          points.get(i).probability,
          points.get(i - 1).score,
          points.get(i - 1).probability);
    }
  }

  /// The probability that an image of this score is right.
  public double probability(double score) {
    Point before = points.getFirst();
    for (Point point : points) {
      if (score < point.score) {
        double share =
            point.score == before.score ? 0 : (score - before.score) / (point.score - before.score);
        return before.probability + Math.max(0, share) * (point.probability - before.probability);
      }
      before = point;
    }
    return before.probability;
  }
}
