package io.espalier.beam;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;

/// Scores images. Called from several threads at once.
public interface Verifier {

  String name();

  /// One score per image, in their order, higher is better; each a function of (image, prompt)
  /// alone.
  Scores score(String prompt, List<Image> images);

  /// The same scores with the images' feature vectors, which only a strategy that asks for them
  /// pays for. A verifier that has none warns of it.
  default Scores scoreWithFeatures(String prompt, List<Image> images) {
    return score(prompt, images).orWithoutFeatures(name());
  }

  /// Images that a search wants scored.
  ///
  /// @param features whether it wants their feature vectors too
  record Wanted(String prompt, List<Image> images, boolean features) {}

  /// Scores images of one search or of several, in as few calls as it can. Gives for each what
  /// [#score] or [#scoreWithFeatures] would.
  default List<Scores> scoreTogether(List<Wanted> all) {
    return all.stream()
        .map(
            each ->
                each.features()
                    ? scoreWithFeatures(each.prompt(), each.images())
                    : score(each.prompt(), each.images()))
        .toList();
  }

  /// The threads that calls are to be made on where another machine does the work: they wait and
  /// compute nothing, there are as many as that machine takes calls at once, and each call is for
  /// one image. Empty where a call computes here.
  default Optional<Executor> ownThreads() {
    return Optional.empty();
  }

  /// What a verifier gave.
  ///
  /// @param values a score for each image
  /// @param features a vector for each image; empty where the verifier has none or was not asked
  /// @param warnings what the job's owner should know, such as that the prompt was cut
  @SuppressWarnings("ArrayRecordComponent")
  record Scores(double[] values, List<List<Float>> features, Set<String> warnings) {

    /// Scores without features.
    public Scores(double[] values, Set<String> warnings) {
      this(values, List.of(), warnings);
    }

    /// These, with a warning where there are no features though they were asked for.
    ///
    /// @param verifier whose scores they are
    public Scores orWithoutFeatures(String verifier) {
      if (!features.isEmpty()) {
        return this;
      }
      Set<String> more = new HashSet<>(warnings);
      more.add(verifier + " has no feature vectors, so the strategy cannot compare images by them");
      return new Scores(values, more);
    }

    /// The vector of one image; empty where there is none.
    public List<Float> features(int image) {
      return features.isEmpty() ? List.of() : features.get(image);
    }
  }
}
