package io.espalier.beam;

/// Planned cost, a function of the search alone.
///
/// @param nfe number of function evaluations: scales drawn, one per scale per sequence, a guided
///     pair once, recomputed prefixes not
/// @param tokenForwards positions that the plan pushes through the transformer in both guidance
///     rows, a prefix once per hypothesis and scale
/// @param images images decoded
public record Cost(long nfe, long tokenForwards, long images) {

  public static final Cost NONE = new Cost(0, 0, 0);

  private static final int GUIDANCE_ROWS = 2;

  public Cost plus(Cost other) {
    return new Cost(nfe + other.nfe, tokenForwards + other.tokenForwards, images + other.images);
  }

  public Cost times(long count) {
    return new Cost(nfe * count, tokenForwards * count, images * count);
  }

  /// The larger of both, number by number.
  Cost most(Cost other) {
    return new Cost(
        Math.max(nfe, other.nfe),
        Math.max(tokenForwards, other.tokenForwards),
        Math.max(images, other.images));
  }

  /// One draw of the scales `first..last`, its image decoded.
  static Cost draw(Schedule schedule, int first, int last) {
    return new Cost(last - first + 1, (long) GUIDANCE_ROWS * schedule.tokens(first, last), 1);
  }

  /// The prefix of a hypothesis that is expanded at a scale.
  static Cost prefix(Schedule schedule, int scale) {
    return new Cost(0, (long) GUIDANCE_ROWS * schedule.tokens(1, scale - 1), 0);
  }
}
