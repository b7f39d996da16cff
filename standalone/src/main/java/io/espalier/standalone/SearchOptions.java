package io.espalier.standalone;

import io.espalier.beam.AnswerRule;
import io.espalier.beam.Budget;
import io.espalier.beam.Combine;
import io.espalier.beam.RolloutDepth;
import io.espalier.beam.Sampling;
import io.espalier.beam.Strategy;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
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
      defaultValue = "clip=1,image-reward=1",
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

  Strategy strategy() {
    return switch (strategy) {
      case "random" -> new Strategy.Random(images);
      case "greedy" -> new Strategy.Greedy(branches);
      case "beam" -> new Strategy.Beam(width, branches);
      default -> throw unknown("--strategy", strategy, "random, greedy or beam");
    };
  }

  RolloutDepth depth() {
    return switch (depth) {
      case "full" -> new RolloutDepth.Full();
      case "prefix" -> new RolloutDepth.Prefix();
      default -> {
        try {
          yield new RolloutDepth.ToScale(Integer.parseInt(depth));
        } catch (NumberFormatException _) {
          throw unknown("--depth", depth, "full, prefix or the number of a scale");
        }
      }
    };
  }

  boolean carry() {
    return carry == null ? !paper : carry;
  }

  AnswerRule answer() {
    String rule = answer == null ? (paper ? "last-frontier" : "best-ever") : answer;
    return switch (rule) {
      case "best-ever" -> AnswerRule.BEST_EVER;
      case "last-frontier" -> AnswerRule.LAST_FRONTIER;
      default -> throw unknown("--answer", rule, "best-ever or last-frontier");
    };
  }

  Combine combine() {
    String rule = combine == null ? (paper ? "rank" : "weighted") : combine;
    return switch (rule) {
      case "weighted" -> Combine.WEIGHTED;
      case "rank" -> Combine.RANK;
      default -> throw unknown("--combine", rule, "weighted or rank");
    };
  }

  Budget budget() {
    return new Budget(
        maxNfe == null ? OptionalLong.empty() : OptionalLong.of(maxNfe),
        targetScore == null ? OptionalDouble.empty() : OptionalDouble.of(targetScore));
  }

  Optional<Duration> deadline() {
    if (deadline == null) {
      return Optional.empty();
    }
    if (!(deadline > 0)) {
      throw new CommandException(
          "--deadline is %s, but must be a positive number of seconds".formatted(deadline));
    }
    return Optional.of(Duration.ofNanos((long) (deadline * 1e9)));
  }

  /// The bundle's sampling, with what the options change at every scale.
  Sampling sampling(Sampling defaults) {
    return new Sampling(
        everywhere(guidance, defaults.guidance()),
        everywhere(temperature, defaults.temperature()),
        everywhere(topP, defaults.topP()));
  }

  private static List<Float> everywhere(@Nullable Float value, List<Float> defaults) {
    return value == null ? defaults : Collections.nCopies(defaults.size(), value);
  }

  private static CommandException unknown(String option, String value, String choices) {
    return new CommandException("%s is '%s', but can be %s".formatted(option, value, choices));
  }
}
