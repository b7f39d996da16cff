package io.espalier.flow;

import io.espalier.beam.AnswerRule;
import io.espalier.beam.Base;
import io.espalier.beam.Budget;
import io.espalier.beam.Combine;
import io.espalier.beam.Criterion;
import io.espalier.beam.Grid;
import io.espalier.beam.InvalidSearchException;
import io.espalier.beam.Lineage;
import io.espalier.beam.Rendition;
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
        strategy(settings),
        depth(settings.depth()),
        settings.carry(),
        answer(settings.answer()),
        combine(settings.combine()),
        spec.verifiers().stream()
            .map(v -> new Criterion(v.name(), v.weight(), v.mean(), v.std()))
            .toList(),
        new Budget(
            settings.maxNfe() == null ? OptionalLong.empty() : OptionalLong.of(settings.maxNfe()),
            settings.targetScore() == null
                ? OptionalDouble.empty()
                : OptionalDouble.of(settings.targetScore())),
        new Sampling(settings.guidance(), settings.temperature(), settings.topP()),
        base(spec));
  }

  static Schedule schedule(List<List<Integer>> scales) {
    return new Schedule(scales.stream().map(g -> new Grid(g.get(0), g.get(1))).toList());
  }

  private static Optional<Base> base(JobSpec spec) {
    return Optional.ofNullable(spec.base())
        .map(base -> new Base(Lineage.parse(base.lineage()), new Rendition(base.bits(), "")));
  }

  private static Strategy strategy(Settings settings) {
    return switch (settings.strategy()) {
      case "random" -> new Strategy.Random(given("images", settings.images()));
      case "greedy" -> new Strategy.Greedy(given("branches", settings.branches()));
      case "beam" ->
          new Strategy.Beam(
              given("width", settings.width()), given("branches", settings.branches()));
      default -> throw unknown("strategy", settings.strategy(), "random, greedy or beam");
    };
  }

  private static int given(String name, @Nullable Integer value) {
    if (value == null) {
      throw new InvalidSearchException(name + " is missing");
    }
    return value;
  }

  private static RolloutDepth depth(String depth) {
    return switch (depth) {
      case "full" -> new RolloutDepth.Full();
      case "prefix" -> new RolloutDepth.Prefix();
      default -> {
        try {
          yield new RolloutDepth.ToScale(Integer.parseInt(depth));
        } catch (NumberFormatException _) {
          throw unknown("depth", depth, "full, prefix or the number of a scale");
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
