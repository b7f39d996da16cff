package io.espalier.beam;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A row of a search's state: one candidate, from its drawing to its fate.
///
/// @param depth the last scale of its rollout
/// @param cost what drawing it costs by plan; nothing where it was carried over
/// @param asked the verifiers that were asked for a score so far
/// @param attempts its renditions so far, normally one
/// @param failures why a verifier cannot score it at all, by verifier
/// @param fate what pruning made of it
public record Candidate(
    Lineage lineage,
    int depth,
    Cost cost,
    List<String> asked,
    List<Attempt> attempts,
    Map<String, String> failures,
    Optional<Fate> fate) {

  /// What pruning made of a candidate.
  ///
  /// @param rank its place among the candidates that it was ranked with, from 1
  /// @param value the value that it was ranked by, higher is better
  /// @param kept whether it became a hypothesis
  /// @param offspring how many branches it was given
  /// @param round the round that it was last ranked in
  public record Fate(int rank, double value, boolean kept, int offspring, int round) {}

  public Candidate {
    asked = List.copyOf(asked);
    attempts = List.copyOf(attempts);
    failures = Map.copyOf(failures);
  }

  static Candidate awaited(Lineage lineage, int depth, Cost cost, List<String> asked) {
    return new Candidate(lineage, depth, cost, asked, List.of(), Map.of(), Optional.empty());
  }

  /// The child that takes this hypothesis' own rollout to the next scale, scored as it is.
  Candidate carriedOver() {
    return new Candidate(
        lineage.child(Lineage.CARRY),
        depth,
        Cost.NONE,
        asked,
        attempts,
        failures,
        Optional.empty());
  }

  /// The first attempt that every verifier that was asked has answered.
  public Optional<Attempt> result() {
    return attempts.stream()
        .filter(attempt -> attempt.complete(asked, failures.keySet()))
        .findFirst();
  }

  /// Whether nothing more is waited for: there is a result, or no image will come.
  public boolean settled() {
    return result().isPresent() || (attempts.isEmpty() && failures.keySet().containsAll(asked));
  }

  /// Whether it became a hypothesis.
  boolean kept() {
    return fate.isPresent() && fate.get().kept();
  }

  Candidate withFate(Fate made) {
    return new Candidate(lineage, depth, cost, asked, attempts, failures, Optional.of(made));
  }

  /// This row once it was given more branches.
  Candidate withMoreOffspring(int more) {
    return fate.map(
            made ->
                withFate(
                    new Fate(
                        made.rank(),
                        made.value(),
                        made.kept(),
                        made.offspring() + more,
                        made.round())))
        .orElse(this);
  }

  /// This row once one more verifier was asked to score its image.
  Candidate awaiting(String verifier) {
    List<String> longer = new ArrayList<>(asked);
    longer.add(verifier);
    return new Candidate(lineage, depth, cost, longer, attempts, failures, fate);
  }

  /// The feature vector that a verifier gave of its image; empty where there is none.
  List<Float> features(String verifier) {
    return result()
        .map(attempt -> attempt.features().getOrDefault(verifier, List.of()))
        .orElse(List.of());
  }

  /// This row after a verifier's answer; the same row where the answer says nothing new.
  Candidate answered(SearchEvent.Answer answer) {
    if (settled() || !asked.contains(answer.verifier())) {
      return this;
    }
    Map<String, String> failed = failures;
    List<Attempt> tried = attempts;
    Optional<Rendition> rendition = answer.rendition();
    if (rendition.isPresent()) {
      Attempt before = attempt(rendition.get());
      if (before.heardFrom(answer.verifier())) {
        return this;
      }
      tried = new ArrayList<>(attempts);
      tried.remove(before);
      tried.add(answer.on(before));
    } else if (answer instanceof SearchEvent.Unscorable(_, _, String verifier, String reason, _)) {
      if (failures.containsKey(verifier)) {
        return this;
      }
      failed = new HashMap<>(failures);
      failed.put(verifier, reason);
    }
    return new Candidate(lineage, depth, cost, asked, tried, failed, fate);
  }

  private Attempt attempt(Rendition rendition) {
    return attempts.stream()
        .filter(attempt -> attempt.rendition().isSameAs(rendition))
        .findFirst()
        .orElseGet(() -> Attempt.of(rendition));
  }
}
