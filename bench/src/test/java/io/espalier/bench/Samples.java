package io.espalier.bench;

import io.espalier.contracts.ResultDocument.Ledger;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Runs as they might have been.
final class Samples {

  private Samples() {}

  /// Two images of a scale each, the second one of the higher score and the answer.
  static Run run(String cell, String prompt, long seed, boolean right) {
    return new Run(
        cell,
        "single",
        prompt,
        true,
        seed,
        "1",
        new Ledger(14, 620, 2, 90, 10, 100, 120),
        List.of(image("0", 1, 0.5, !right), image("1", 2, 0.9, right)));
  }

  /// Two rollouts that were cut, the second one of the higher score, as of [#run].
  static Run cut(String cell, String prompt) {
    List<Run.Pictured> images =
        List.of(
            new Run.Pictured("0", 1, false, Map.of("clip", 0.2), 0.2, false, 2, 5),
            new Run.Pictured("1", 1, false, Map.of("clip", 0.3), 0.3, false, 2, 5));
    return new Run(cell, "single", prompt, true, 0, null, new Ledger(4, 10, 2, 9, 1, 9, 9), images);
  }

  /// A random search whose images are listed best first.
  static Run random(List<Boolean> verdicts) {
    List<Run.Pictured> images =
        IntStream.range(0, verdicts.size())
            .mapToObj(i -> image(Integer.toString(i), 1, 1 - 0.1 * i, verdicts.get(i)))
            .toList();
    Ledger ledger =
        new Ledger(7L * images.size(), 310L * images.size(), images.size(), 90, 10, 100, 120);
    return new Run("random", "single", "a star", true, 0, "0", ledger, images);
  }

  static Run.Pictured image(String lineage, int scale, double score, boolean right) {
    Map<String, Double> scores =
        Map.of("clip", score, "aesthetic", score, "image-reward", score, "vlm", -score);
    return new Run.Pictured(lineage, scale, true, scores, score, right, 7, 310);
  }
}
