package io.espalier.flow;

import io.espalier.beam.InvalidSearchException;
import io.espalier.beam.SearchSpec;
import io.espalier.beam.Strategy;
import io.espalier.contracts.CatalogEntry;
import io.espalier.contracts.JobRequest;
import io.espalier.contracts.JobSpec;
import io.espalier.contracts.Settings;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// What a request asks for, with every default filled in from what is served.
public final class JobSpecs {

  private static final String DEFAULT_GENERATOR = "shapes-infinity";
  private static final Map<String, Double> DEFAULT_VERIFIERS =
      verifiers("aesthetic", "clip", "image-reward", "vlm");
  private static final Map<String, Object> DEFAULT_STRATEGY = Map.of(Strategy.TYPE, "beam");
  private static final double MILLIS = 1000;
  private static final double LONGEST_SECONDS = 1e9;

  /// Finds a served bundle by name.
  public interface Catalog {

    /// Finds a generator.
    ///
    /// @throws InvalidSearchException where nobody serves it, naming those that are
    CatalogEntry generator(String name);

    /// Finds a verifier.
    ///
    /// @throws InvalidSearchException where nobody serves it, naming those that are
    CatalogEntry verifier(String name);
  }

  private JobSpecs() {}

  /// Resolves a request.
  ///
  /// @param seed gives the seed where the request has none
  /// @param base the node that the request branches from, looked up by the caller
  /// @throws InvalidSearchException where the request makes no sense
  public static JobSpec of(
      JobRequest request, Catalog catalog, LongSupplier seed, JobSpec.@Nullable BaseRef base) {
    String prompt = Objects.requireNonNullElse(request.prompt(), "").strip();
    CatalogEntry generator =
        catalog.generator(Objects.requireNonNullElse(request.bundle(), DEFAULT_GENERATOR));
    CatalogEntry.GeneratorEntry drawing = Objects.requireNonNull(generator.generator());
    int characters = prompt.codePointCount(0, prompt.length());
    if (characters > drawing.promptCharacters()) {
      throw new InvalidSearchException(
          "the prompt has %d characters, but %s takes at most %d; shorten it"
              .formatted(characters, generator.name(), drawing.promptCharacters()));
    }
    Map<String, Double> weights =
        new TreeMap<>(Objects.requireNonNullElse(request.verifiers(), DEFAULT_VERIFIERS));
    Map<String, List<Integer>> tiers = Objects.requireNonNullElse(request.tiers(), Map.of());
    for (String name : tiers.keySet()) {
      if (!weights.containsKey(name)) {
        throw new InvalidSearchException(
            "tiers names %s, which is none of the search's verifiers: %s"
                .formatted(name, String.join(", ", weights.keySet())));
      }
    }
    JobSpec spec =
        new JobSpec(
            prompt,
            new JobSpec.GeneratorRef(
                generator.name(),
                generator.version(),
                generator.digest(),
                drawing.scales(),
                drawing.bitsPerToken()),
            weights.entrySet().stream()
                .map(
                    entry ->
                        verifier(
                            catalog.verifier(entry.getKey()),
                            entry.getValue(),
                            tiers.get(entry.getKey())))
                .toList(),
            settings(request, drawing, weights, seed),
            base);
    SearchSpec search = SearchSpecs.of(spec);
    if (drawing.bitsPerToken() == CatalogEntry.GeneratorEntry.NO_BITS) {
      checkWholePictures(request, spec, search.strategy());
    }
    return spec;
  }

  /// Refuses what needs prefixes, or bits that are drawn.
  private static void checkWholePictures(JobRequest request, JobSpec spec, Strategy strategy) {
    String name = spec.generator().name();
    Settings settings = spec.settings();
    if (strategy.expands() || spec.base() != null) {
      throw new InvalidSearchException(
          "%s draws whole pictures and has no prefixes to search by; use the strategy random, without a base"
              .formatted(name));
    }
    if (request.temperature() != null || request.topP() != null) {
      throw new InvalidSearchException(
          "%s draws no bits, so it has neither a temperature nor a top-p; leave them out"
              .formatted(name));
    }
    if (settings.guidance().stream().distinct().count() > 1) {
      throw new InvalidSearchException(
          "%s takes one guidance for all its steps; give one value".formatted(name));
    }
  }

  private static JobSpec.VerifierRef verifier(
      CatalogEntry entry, Double weight, @Nullable List<Integer> best) {
    CatalogEntry.VerifierEntry scores = Objects.requireNonNull(entry.verifier());
    return new JobSpec.VerifierRef(
        entry.name(), entry.digest(), weight, scores.mean(), scores.std(), best);
  }

  private static Settings settings(
      JobRequest request,
      CatalogEntry.GeneratorEntry drawing,
      Map<String, Double> weights,
      LongSupplier seed) {
    boolean paper = Boolean.TRUE.equals(request.paper());
    int scales = drawing.scales().size();
    return new Settings(
        Strategy.of(Objects.requireNonNullElse(request.strategy(), DEFAULT_STRATEGY)).plain(),
        Objects.requireNonNullElse(request.depth(), "full"),
        Objects.requireNonNullElse(request.carry(), !paper),
        Objects.requireNonNullElse(request.answer(), paper ? "last-frontier" : "best-ever"),
        weights,
        request.tiers(),
        Objects.requireNonNullElse(request.combine(), paper ? "rank" : "weighted"),
        everywhere(request.guidance(), drawing.guidance(), scales),
        everywhere(request.temperature(), drawing.temperature(), scales),
        everywhere(request.topP(), drawing.topP(), scales),
        request.seed() == null ? seed.getAsLong() : request.seed(),
        request.maxNfe(),
        request.targetScore(),
        request.confidence(),
        calibration(request, drawing, weights),
        deadline(request.deadlineSeconds()));
  }

  /// The request's calibration; where it has none and asks for a confidence, the generator's.
  private static @Nullable List<List<Double>> calibration(
      JobRequest request, CatalogEntry.GeneratorEntry drawing, Map<String, Double> weights) {
    CatalogEntry.CalibrationEntry known = drawing.calibration();
    if (request.confidence() == null && request.calibration() != null) {
      throw new InvalidSearchException(
          "a calibration does nothing without a confidence; give both, or neither");
    }
    if (request.confidence() == null || request.calibration() != null) {
      return request.calibration();
    }
    if (known == null) {
      throw new InvalidSearchException(
          "confidence needs a calibration, and the generator has none; give scores and the probability of being right at each");
    }
    if (!weights.equals(known.verifiers())) {
      throw new InvalidSearchException(
          "confidence needs a calibration, and the generator's is for the verifiers %s; use these, or give your own"
              .formatted(new TreeMap<>(known.verifiers())));
    }
    return known.points();
  }

  private static List<Float> everywhere(
      @Nullable List<Float> given, List<Float> defaults, int scales) {
    if (given == null) {
      return defaults;
    }
    return given.size() == 1 ? Collections.nCopies(scales, given.getFirst()) : given;
  }

  private static @Nullable Long deadline(@Nullable Double seconds) {
    if (seconds == null) {
      return null;
    }
    if (!(seconds > 0) || seconds > LONGEST_SECONDS) {
      throw new InvalidSearchException(
          "the deadline is %s, but must be a positive number of seconds, at most 10⁹"
              .formatted(seconds));
    }
    return Math.max(1, Math.round(seconds * MILLIS));
  }

  private static Map<String, Double> verifiers(String... names) {
    Map<String, Double> weights = new LinkedHashMap<>();
    for (String name : names) {
      weights.put(name, 1.0);
    }
    return Collections.unmodifiableMap(weights);
  }
}
