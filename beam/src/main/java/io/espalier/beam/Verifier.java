package io.espalier.beam;

import java.util.List;
import java.util.Set;

/// Scores images. Called from several threads at once.
public interface Verifier {

  String name();

  /// One score per image, in their order, higher is better; each a function of (image, prompt)
  /// alone.
  Scores score(String prompt, List<Image> images);

  /// What a verifier gave.
  ///
  /// @param warnings what the job's owner should know, such as that the prompt was cut
  @SuppressWarnings("ArrayRecordComponent")
  record Scores(double[] values, Set<String> warnings) {}
}
