package io.espalier.standalone;

import io.espalier.beam.InvalidSearchException;
import io.espalier.beam.Strategy;
import io.espalier.contracts.JobRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
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
      paramLabel = "TYPE[:NAME=VALUE,…]",
      defaultValue = "beam",
      description = {
        "How to search, with its parameters, such as beam:width=3,branches=5 (default:"
            + " ${DEFAULT-VALUE}):",
        "random        independent images, the best is kept;",
        "greedy        the best prefix is kept, scale by scale;",
        "beam          the best prefixes are kept, scale by scale;",
        "smc           prefixes multiply by their scores (sequential Monte Carlo);",
        "threshold     a scale ends once a prefix is good enough, the rest is spent later;",
        "backtracking  the best prefixes of all scales grow, so a search can go back.",
        "docs/algorithm.md has every parameter. A value by scale is written 8/4/2; its last number"
            + " holds for all later scales."
      })
  String strategy = "";

  @Option(
      names = "--images",
      paramLabel = "N",
      description = "Short for the parameter images of a random search.")
  @Nullable String images;

  @Option(
      names = "--width",
      paramLabel = "W",
      description = "Short for the strategy's parameter width: how many prefixes are kept.")
  @Nullable String width;

  @Option(
      names = "--branches",
      paramLabel = "C",
      description = "Short for the strategy's parameter branches: how many each of them draws.")
  @Nullable String branches;

  @Option(
      names = "--depth",
      paramLabel = "full|SCALE|prefix",
      defaultValue = "full",
      description = {
        "How far a candidate is rolled out before verifiers see it (default: ${DEFAULT-VALUE}):",
        "to the last scale, to a scale, or not at all; by scale such as 3/3/full."
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
      names = "--tier",
      paramLabel = "NAME=N",
      split = ",",
      description = {
        "A verifier that sees only the N best of a scale, by the verifiers that see more; by scale"
            + " such as vlm=0/0/5 (default: every verifier sees everything)."
      })
  Map<String, String> tiers = new LinkedHashMap<>();

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
      names = "--confidence",
      paramLabel = "P",
      description = {
        "Stop once an image is right with this probability, by --calibration: looked at where"
            + " --target-score is."
      })
  @Nullable Double confidence;

  @Option(
      names = "--calibration",
      paramLabel = "S=P",
      split = ",",
      description = {
        "Weighted scores and the probability of being right at each, both rising, such as"
            + " -1=0.1,0=0.5,2=0.9; straight lines lie between (default: the bundle's, if it has one"
            + " for these verifiers)."
      })
  List<String> calibration = new ArrayList<>();

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
  /// @throws InvalidSearchException where the strategy makes no sense
  JobRequest request(String prompt, String generator) {
    return new JobRequest(
        prompt,
        generator,
        verifiers,
        tiers.isEmpty() ? null : bestByScale(),
        strategy().plain(),
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
        confidence,
        calibration.isEmpty() ? null : calibration.stream().map(SearchOptions::point).toList(),
        deadline,
        null,
        null);
  }

  /// The strategy with its short options.
  private Strategy strategy() {
    Map<String, Object> plain = Strategy.plain(strategy);
    add(plain, "images", images);
    add(plain, "width", width);
    add(plain, "branches", branches);
    return Strategy.of(plain);
  }

  private static void add(Map<String, Object> plain, String parameter, @Nullable String value) {
    Object given = value == null ? null : plain.put(parameter, value);
    if (given != null) {
      throw new CommandException(
          "%s is given twice, in --strategy (%s) and as --%s (%s); give it once"
              .formatted(parameter, given, parameter, value));
    }
  }

  private Map<String, List<Integer>> bestByScale() {
    Map<String, List<Integer>> best = new LinkedHashMap<>();
    tiers.forEach(
        (verifier, numbers) ->
            best.put(
                verifier,
                Stream.of(numbers.split("/", -1))
                    .map(number -> wholeNumber("--tier " + verifier, number))
                    .toList()));
    return best;
  }

  private static Integer wholeNumber(String option, String text) {
    try {
      return Integer.valueOf(text.strip());
    } catch (NumberFormatException _) {
      throw new CommandException(
          "%s is '%s', but must be a whole number, or one for each scale: 0/0/5"
              .formatted(option, text));
    }
  }

  private static List<Double> point(String text) {
    String[] numbers = text.split("=", -1);
    try {
      if (numbers.length == 2) {
        return List.of(Double.valueOf(numbers[0]), Double.valueOf(numbers[1]));
      }
    } catch (NumberFormatException _) {
      // refused below, like everything else that is no pair of numbers
    }
    throw new CommandException(
        "--calibration has the point '%s', but a point is a score and a probability: 2=0.9"
            .formatted(text));
  }

  private static @Nullable List<Float> everywhere(@Nullable Float value) {
    return value == null ? null : List.of(value);
  }
}
