package io.espalier.beam;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What happens to a running search from outside, see [Pruning].
public sealed interface SearchEvent {

  /// Somebody asked to stop.
  record Cancelled() implements SearchEvent {}

  /// The wall clock passed the job's deadline.
  record DeadlinePassed() implements SearchEvent {}

  /// The search cannot go on.
  record Failed(String reason) implements SearchEvent {}

  /// What one verifier has to say about one candidate.
  sealed interface Answer extends SearchEvent {
    Lineage lineage();

    /// The rendition that was looked at; absent where there is none to look at.
    Optional<Rendition> rendition();

    String verifier();

    /// What the job's owner should know, such as that the prompt was cut.
    Set<String> warnings();

    Attempt on(Attempt before);
  }

  /// A score, higher is better.
  ///
  /// @param features the image's feature vector; empty where the search needs none or the
  ///     verifier gives none
  record Scored(
      Lineage lineage,
      Rendition scored,
      String verifier,
      double score,
      List<Float> features,
      Set<String> warnings)
      implements Answer {

    public Scored {
      features = List.copyOf(features);
    }

    @Override
    public Optional<Rendition> rendition() {
      return Optional.of(scored);
    }

    @Override
    public Attempt on(Attempt before) {
      return Double.isFinite(score)
          ? before.scored(verifier, score, features)
          : before.failed(verifier, verifier + " gave the score " + score);
    }
  }

  /// No score, and none will come.
  record Unscorable(
      Lineage lineage,
      Optional<Rendition> rendition,
      String verifier,
      String reason,
      Set<String> warnings)
      implements Answer {
    @Override
    public Attempt on(Attempt before) {
      return before.failed(verifier, reason);
    }
  }
}
