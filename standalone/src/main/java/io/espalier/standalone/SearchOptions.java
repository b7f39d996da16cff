package io.espalier.standalone;

import io.espalier.contracts.JobRequest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The options that say how to search, and what they mean together.
final class SearchOptions {

  @Option(
      names = "--bundle",
      paramLabel = "NAME|DIR",
      defaultValue = "shapes-infinity",
      description = "The generator: an installed bundle or a folder (default: ${DEFAULT-VALUE}).")
  String bundle = "";

  @Option(
      names = "--strategy",
      paramLabel = "NAME",
      defaultValue = "beam",
      description = {
        "How to search (default: ${DEFAULT-VALUE}):",
        "random  independent images, the best is kept;",
        "greedy  a beam of width 1;",
        "beam    the best prefixes are kept, scale by scale."
      })
  String strategy = "";

  @Option(
      names = "--images",
      paramLabel = "N",
      defaultValue = "15",
      description = "Images of a random search (default: ${DEFAULT-VALUE}).")
  int images;

  @Option(
      names = "--width",
      paramLabel = "W",
      defaultValue = "3",
      description = "Hypotheses that a beam keeps at each scale (default: ${DEFAULT-VALUE}).")
  int width;

  @Option(
      names = "--branches",
      paramLabel = "C",
      defaultValue = "5",
      description = "Branches of each hypothesis (default: ${DEFAULT-VALUE}).")
  int branches;

  @Option(
      names = "--depth",
      paramLabel = "full|SCALE|prefix",
      defaultValue = "full",
      description = {
        "How far a candidate is rolled out before verifiers see it (default: ${DEFAULT-VALUE}):",
        "to the last scale, to a scale, or not at all."
      })
  String depth = "";

  @Option(
      names = "--carry",
      negatable = true,
      description = {
        "Whether the rollout that made a hypothesis survive replaces one of its branches at the next"
            + " scale, already scored, at no cost (default: yes)."
      })
  @Nullable Boolean carry;

  @Option(
      names = "--answer",
      paramLabel = "RULE",
      description = {
        "Which image to answer with (default: best-ever): best-ever, the best full image scored at"
            + " any scale; last-frontier, the best of the last scale's hypotheses."
      })
  @Nullable String answer;

  @Option(
      names = "--verifier",
      paramLabel = "NAME=WEIGHT",
      split = ",",
      defaultValue = "aesthetic=1,clip=1,image-reward=1,vlm=1",
      description = "Who scores, and how much it counts (default: ${DEFAULT-VALUE}).")
  Map<String, Double> verifiers = new LinkedHashMap<>();

  @Option(
      names = "--combine",
      paramLabel = "RULE",
      description = {
        "How several verifiers prune together (default: weighted): weighted, the sum of their"
            + " normalised scores; rank, their mean rank."
      })
  @Nullable String combine;

  @Option(
      names = "--guidance",
      paramLabel = "G",
      description = "Classifier-free guidance, 1 is none (default: the bundle's, per scale).")
  @Nullable Float guidance;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "Sampling temperature (default: the bundle's, per scale).")
  @Nullable Float temperature;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description =
          "A bit's less likely value is not drawn at 1 − P or below (default: the bundle's).")
  @Nullable Float topP;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "The same seed gives the same search (default: ${DEFAULT-VALUE}).")
  long seed;

  @Option(
      names = "--max-nfe",
      paramLabel = "N",
      description = "Stop before a scale that would pass this number of function evaluations.")
  @Nullable Long maxNfe;

  @Option(
      names = "--target-score",
      paramLabel = "S",
      description = "Stop after a scale once an image has this weighted score.")
  @Nullable Double targetScore;

  @Option(
      names = "--deadline",
      paramLabel = "SECONDS",
      description = "Answer with the best image so far after this time.")
  @Nullable Double deadline;

  @Option(
      names = "--paper",
      description = {
        "The paper's own settings where an option does not say otherwise: no carried rollouts,"
            + " the last frontier answers, verifiers prune by rank."
      })
  boolean paper;

  /// What these options ask for, as the API would be asked.
  ///
  /// @param generator what the generator is called there
  JobRequest request(String prompt, String generator) {
    return new JobRequest(
        prompt,
        generator,
        verifiers,
        strategy,
        images,
        width,
        branches,
        depth,
        carry,
        answer,
        combine,
        paper,
        everywhere(guidance),
        everywhere(temperature),
        everywhere(topP),
        seed,
        maxNfe,
        targetScore,
        deadline,
        null,
        null);
  }

  private static @Nullable List<Float> everywhere(@Nullable Float value) {
    return value == null ? null : List.of(value);
  }
}
