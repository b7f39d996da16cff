package io.espalier.beam;

/// The token grid of one scale, in tokens.
public record Grid(int height, int width) {

  public Grid {
    Check.that(height > 0 && width > 0, "a grid of %d × %d tokens has no tokens", height, width);
  }

  public int tokens() {
    return height * width;
  }
}
