package io.espalier.search.pruning;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.espalier.beam.Effect;
import io.espalier.beam.Lineage;
import io.espalier.beam.Rendition;
import io.espalier.beam.Slice;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.IntStream;

/// What a search asks fleets to do with some candidates, all for the same verifiers. It can be cut
/// into parts. A candidate is in one piece of work at a time, so that it is settled once the work
/// that it is in was done.
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Work.Draw.class, name = "draw"),
  @JsonSubTypes.Type(value = Work.Look.class, name = "look")
})
sealed interface Work {

  /// Candidates to draw: consecutive branches of a hypothesis, as few bytes for ten thousand as for
  /// one.
  ///
  /// @param first the first branch
  /// @param size how many branches
  record Draw(
      Lineage parent,
      Optional<Rendition> prefix,
      int scale,
      int depth,
      int first,
      int size,
      List<String> verifiers)
      implements Work {

    @Override
    public Draw part(int from, int until) {
      return new Draw(parent, prefix, scale, depth, first + from, until - from, verifiers);
    }

    List<Integer> branches() {
      return IntStream.range(0, size).mapToObj(each -> first + each).toList();
    }
  }

  /// Images that were drawn before, to be looked at by more verifiers.
  record Look(List<Image> images, List<String> verifiers) implements Work {

    /// A candidate's image.
    record Image(Lineage candidate, Rendition rendition) {}

    @Override
    public int size() {
      return images.size();
    }

    @Override
    public Look part(int from, int until) {
      return new Look(images.subList(from, until), verifiers);
    }
  }

  /// How many candidates it is about; at least one.
  int size();

  /// Some of it.
  ///
  /// @param from the first candidate, by its place from 0
  /// @param until the first that is not in the part
  Work part(int from, int until);

  /// The work among effects, in their order, drawing first.
  ///
  /// @param most the most images in one piece
  static List<Work> of(List<Effect> effects, int most) {
    List<Work> work = new ArrayList<>();
    SequencedMap<Look.Image, List<String>> looks = new LinkedHashMap<>();
    for (Effect effect : effects) {
      switch (effect) {
        case Effect.Expand(Slice slice, List<String> verifiers) ->
            work.addAll(draws(slice, verifiers));
        case Effect.Verify(String verifier, Map<Lineage, Rendition> images) ->
            images.forEach(
                (candidate, rendition) ->
                    looks
                        .computeIfAbsent(
                            new Look.Image(candidate, rendition), _ -> new ArrayList<>())
                        .add(verifier));
        case Effect.Tell _, Effect.Decide _ -> {}
      }
    }
    work.addAll(looks(looks, most));
    return work;
  }

  private static List<Work> draws(Slice slice, List<String> verifiers) {
    List<Integer> branches = slice.branches();
    List<Work> draws = new ArrayList<>();
    int from = 0;
    for (int i = 1; i <= branches.size(); i++) {
      if (i == branches.size() || branches.get(i) != branches.get(i - 1) + 1) {
        draws.add(
            new Draw(
                slice.parent(),
                slice.prefix(),
                slice.scale(),
                slice.depth(),
                branches.get(from),
                i - from,
                verifiers));
        from = i;
      }
    }
    return draws;
  }

  /// Has all verifiers that are to look at an image asked together.
  private static List<Work> looks(SequencedMap<Look.Image, List<String>> asked, int most) {
    SequencedMap<List<String>, List<Look.Image>> byVerifiers = new LinkedHashMap<>();
    asked.forEach(
        (image, verifiers) ->
            byVerifiers.computeIfAbsent(verifiers, _ -> new ArrayList<>()).add(image));
    List<Work> looks = new ArrayList<>();
    byVerifiers.forEach(
        (verifiers, images) -> {
          for (int from = 0; from < images.size(); from += most) {
            looks.add(new Look(images, verifiers).part(from, Math.min(from + most, images.size())));
          }
        });
    return looks;
  }
}
