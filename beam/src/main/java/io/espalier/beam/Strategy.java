package io.espalier.beam;

/// How a search grows: how many candidates it draws and how many hypotheses it keeps.
public sealed interface Strategy {

  /// How many hypotheses are kept at each scale (w).
  int width();

  /// How many branches each hypothesis draws at the next scale (c).
  int branches();

  /// How many candidates the empty prefix draws.
  default int firstDraws() {
    return (int) Math.min(Integer.MAX_VALUE, (long) width() * branches());
  }

  /// Whether kept hypotheses are expanded further; if not, the first candidates are all there is.
  default boolean expands() {
    return true;
  }

  /// n independent images, the best is kept (the paper's random search).
  record Random(int images) implements Strategy {
    public Random {
      Check.that(images > 0, "images is %d, but a random search needs at least 1 image", images);
    }

    @Override
    public int width() {
      return 1;
    }

    @Override
    public int branches() {
      return images;
    }

    @Override
    public boolean expands() {
      return false;
    }
  }

  /// Greedy token optimisation: a beam of width 1.
  record Greedy(int branches) implements Strategy {
    public Greedy {
      Check.that(branches > 0, "branches is %d, but a search needs at least 1 branch", branches);
    }

    @Override
    public int width() {
      return 1;
    }
  }

  /// Beam search with w hypotheses and c branches of each.
  record Beam(int width, int branches) implements Strategy {
    public Beam {
      Check.that(width > 0, "width is %d, but a beam needs at least 1 hypothesis", width);
      Check.that(branches > 0, "branches is %d, but a search needs at least 1 branch", branches);
    }
  }
}
