package io.espalier.standalone;

import java.util.OptionalDouble;

/// Hears how a search gets on.
interface Watcher {

  /// Watches nothing.
  Watcher NONE =
      new Watcher() {
        @Override
        public void began(int scales, long images) {}

        @Override
        public void scored(String candidate, double score, OptionalDouble bestSoFar) {}

        @Override
        public void pruned(int scale, int candidates, int kept) {}
      };

  /// The search began.
  ///
  /// @param images the most that it will draw
  void began(int scales, long images);

  /// A candidate has the answers of all verifiers that were asked. With tiers a candidate is told
  /// of again when further verifiers have answered.
  ///
  /// @param bestSoFar the score of the best full image; empty where there is none yet
  void scored(String candidate, double score, OptionalDouble bestSoFar);

  /// A scale was pruned.
  void pruned(int scale, int candidates, int kept);
}
