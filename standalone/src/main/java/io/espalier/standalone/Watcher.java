package io.espalier.standalone;

/// Hears how a search gets on.
interface Watcher {

  /// Watches nothing.
  Watcher NONE =
      new Watcher() {
        @Override
        public void began(int scales, long images) {}

        @Override
        public void scored(double score) {}

        @Override
        public void pruned(int scale, int candidates, int kept) {}
      };

  /// The search began.
  ///
  /// @param images how many it will score if nothing ends it early
  void began(int scales, long images);

  /// A candidate has every verifier's answer.
  void scored(double score);

  /// A scale was pruned.
  void pruned(int scale, int candidates, int kept);
}
