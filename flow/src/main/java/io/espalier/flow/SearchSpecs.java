package io.espalier.flow;

import io.espalier.beam.AnswerRule;
import io.espalier.beam.Base;
import io.espalier.beam.Budget;
import io.espalier.beam.ByScale;
import io.espalier.beam.Calibration;
import io.espalier.beam.Combine;
import io.espalier.beam.Criterion;
import io.espalier.beam.Grid;
import io.espalier.beam.InvalidSearchException;
import io.espalier.beam.Lineage;
import io.espalier.beam.RolloutDepth;
import io.espalier.beam.Sampling;
import io.espalier.beam.Schedule;
import io.espalier.beam.SearchSpec;
import io.espalier.beam.Strategy;
import io.espalier.contracts.JobSpec;
import io.espalier.contracts.Settings;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The search that a job's spec describes.
public final class SearchSpecs {

  private SearchSpecs() {}

  /// Reads a spec.
  ///
  /// @throws InvalidSearchException where it makes no sense
  public static SearchSpec of(JobSpec spec) {
    Settings settings = spec.settings();
    return new SearchSpec(
        spec.prompt(),
        settings.seed(),
        schedule(spec.generator().scales()),
        Strategy.of(settings.strategy()),
        depth(settings.depth()),
        settings.carry(),
        answer(settings.answer()),
        combine(settings.combine()),
        spec.verifiers().stream().map(SearchSpecs::criterion).toList(),
        budget(settings),
        new Sampling(settings.guidance(), settings.temperature(), settings.topP()),
        base(spec));
  }

  private static Criterion criterion(JobSpec.VerifierRef verifier) {
    return new Criterion(
        verifier.name(),
        verifier.weight(),
        verifier.mean(),
        verifier.std(),
        Optional.ofNullable(verifier.best()).map(ByScale::new));
  }

  private static Budget budget(Settings settings) {
    Long maxNfe = settings.maxNfe();
    Double targetScore = settings.targetScore();
    return new Budget(
        maxNfe == null ? OptionalLong.empty() : OptionalLong.of(maxNfe),
        targetScore == null ? OptionalDouble.empty() : OptionalDouble.of(targetScore),
        confidence(settings.confidence(), settings.calibration()));
  }

  private static Optional<Budget.Confidence> confidence(
      @Nullable Double probability, @Nullable List<List<Double>> points) {
    if (probability == null) {
      return Optional.empty();
    }
    if (points == null) {
      throw new InvalidSearchException(
          "confidence needs a calibration: scores and the probability of being right at each");
    }
    return Optional.of(
        new Budget.Confidence(
            probability, new Calibration(points.stream().map(SearchSpecs::point).toList())));
  }

  private static Calibration.Point point(List<Double> point) {
    if (point.size() != 2) {
      throw new InvalidSearchException(
          "a point of the calibration has %d numbers, but is a score and a probability"
              .formatted(point.size()));
    }
    return new Calibration.Point(point.getFirst(), point.getLast());
  }

  static Schedule schedule(List<List<Integer>> scales) {
    return new Schedule(scales.stream().map(g -> new Grid(g.get(0), g.get(1))).toList());
  }

  private static Optional<Base> base(JobSpec spec) {
    return Optional.ofNullable(spec.base())
        .map(base -> new Base(Lineage.parse(base.lineage()), Renditions.of(base.drawn())));
  }

  private static RolloutDepth depth(String depth) {
    if (depth.contains("/")) {
      return new RolloutDepth.ByScale(
          Stream.of(depth.split("/", -1)).map(SearchSpecs::depth).toList());
    }
    return switch (depth) {
      case "full" -> new RolloutDepth.Full();
      case "prefix" -> new RolloutDepth.Prefix();
      default -> {
        try {
          yield new RolloutDepth.ToScale(Integer.parseInt(depth));
        } catch (NumberFormatException _) {
          throw unknown(
              "depth", depth, "full, prefix or the number of a scale, or one for each: 3/3/full");
        }
      }
    };
  }

  private static AnswerRule answer(String rule) {
    return switch (rule) {
      case "best-ever" -> AnswerRule.BEST_EVER;
      case "last-frontier" -> AnswerRule.LAST_FRONTIER;
      default -> throw unknown("answer", rule, "best-ever or last-frontier");
    };
  }

  private static Combine combine(String rule) {
    return switch (rule) {
      case "weighted" -> Combine.WEIGHTED;
      case "rank" -> Combine.RANK;
      default -> throw unknown("combine", rule, "weighted or rank");
    };
  }

  private static InvalidSearchException unknown(String field, String value, String choices) {
    return new InvalidSearchException("%s is '%s', but can be %s".formatted(field, value, choices));
  }
}
