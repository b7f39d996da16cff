package io.espalier.models;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.espalier.beam.Grid;
import io.espalier.beam.Sampling;
import io.espalier.beam.Schedule;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What `bundle.json` says. Unknown fields are ignored.
///
/// @param kind one of [#GENERATOR], [#DIFFUSION] and [#VERIFIER]
/// @param trainedOn what the weights have seen, in words
/// @param tokenizer the file of the text tokenizer, of a bundle with graphs
/// @param files the SHA-256 of every other file, in hexadecimal digits; a remote or simulated
///     model may have none
/// @param memory of a generator of either kind; without it calls are not bounded
/// @param generator for a generator
/// @param diffusion for a diffusion generator
/// @param verifier for a verifier
public record Manifest(
    @JsonProperty(required = true) int schema,
    @JsonProperty(required = true) String name,
    @JsonProperty(required = true) String kind,
    @JsonProperty(required = true) String version,
    @JsonProperty(required = true) String licence,
    @JsonProperty(required = true) String source,
    @JsonProperty(required = true) String trainedOn,
    @Nullable String tokenizer,
    @JsonSetter(nulls = Nulls.AS_EMPTY) Map<String, String> files,
    @Nullable Memory memory,
    @Nullable GeneratorPart generator,
    @Nullable DiffusionPart diffusion,
    @Nullable VerifierPart verifier) {

  public static final String FILE = "bundle.json";
  public static final String GENERATOR = "generator";
  public static final String DIFFUSION = "diffusion-generator";
  public static final String VERIFIER = "verifier";
  static final int SCHEMA = 1;

  static final JsonMapper JSON =
      JsonMapper.builder()
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  /// Whether there is no model behind it, but only the times of its calls.
  public boolean simulated() {
    return (generator != null && generator.simulated() != null)
        || (verifier != null && verifier.simulated() != null);
  }

  /// What a call takes beside the weights, in bytes, where it takes most.
  ///
  /// @param sequence for each sequence that is drawn together with others, to the last scale
  /// @param picture for each picture that is decoded together with others
  public record Memory(
      @JsonProperty(required = true) long sequence, @JsonProperty(required = true) long picture) {}

  /// What a generator draws and how.
  ///
  /// @param scales the token grids, [height, width] each
  /// @param bitsPerToken D
  /// @param latent the latent's channels, height and width
  /// @param image the image's height and width
  /// @param guidance the default, one value per scale; so are temperature and topP
  /// @param calibration how likely an image is right, by its weighted score; may be absent
  /// @param simulated in the graphs' place, for a model that is not there
  public record GeneratorPart(
      @JsonProperty(required = true) List<List<Integer>> scales,
      @JsonProperty(required = true) int bitsPerToken,
      @JsonProperty(required = true) List<Integer> latent,
      @JsonProperty(required = true) List<Integer> image,
      @JsonProperty(required = true) PromptLimits prompt,
      @JsonProperty(required = true) List<Float> guidance,
      @JsonProperty(required = true) List<Float> temperature,
      @JsonProperty(required = true) List<Float> topP,
      @Nullable CalibrationPart calibration,
      @Nullable SimulatedGeneratorPart simulated) {

    public Schedule schedule() {
      return new Schedule(scales.stream().map(grid -> new Grid(grid.get(0), grid.get(1))).toList());
    }

    public Sampling sampling() {
      return new Sampling(guidance, temperature, topP);
    }
  }

  /// How likely an image of a generator is right, by its score.
  ///
  /// @param verifiers whose score it is: their weights by name
  /// @param points [weighted score, probability] each, both rising
  public record CalibrationPart(
      @JsonProperty(required = true) Map<String, Double> verifiers,
      @JsonProperty(required = true) List<List<Double>> points) {}

  /// What a diffusion generator draws and how.
  ///
  /// @param steps of the sampler, function evaluations each
  /// @param latent the latent's channels, height and width
  /// @param image the image's height and width
  /// @param guidance the default
  public record DiffusionPart(
      @JsonProperty(required = true) int steps,
      @JsonProperty(required = true) List<Integer> latent,
      @JsonProperty(required = true) List<Integer> image,
      @JsonProperty(required = true) PromptLimits prompt,
      @JsonProperty(required = true) float guidance) {}

  /// The longest prompt that is taken.
  ///
  /// @param tokens the closing one included
  public record PromptLimits(
      @JsonProperty(required = true) int tokens, @JsonProperty(required = true) int characters) {}

  /// What a verifier's scores mean.
  ///
  /// @param measures in words
  /// @param tokens what every prompt is padded or cut to, where there is a graph
  /// @param mean over the verifier's reference set
  /// @param std over the verifier's reference set
  /// @param remote in the graph's place, for a model that another machine runs
  /// @param simulated in the graph's place, for a model that is not there
  public record VerifierPart(
      @JsonProperty(required = true) String measures,
      @Nullable Integer tokens,
      @JsonProperty(required = true) double mean,
      @JsonProperty(required = true) double std,
      @Nullable RemotePart remote,
      @Nullable SimulatedVerifierPart simulated) {}

  /// How long the calls of a simulated generator take.
  ///
  /// @param callSeconds of every call, whatever it draws
  /// @param sequenceSeconds for as many tokens as one whole sequence has, in both guidance rows
  /// @param imageSeconds for each image
  /// @param sequences how many sequences a call draws at most
  public record SimulatedGeneratorPart(
      @JsonProperty(required = true) double callSeconds,
      @JsonProperty(required = true) double sequenceSeconds,
      @JsonProperty(required = true) double imageSeconds,
      @JsonProperty(required = true) int sequences) {

    /// The time of one call in seconds.
    ///
    /// @param share the tokens that it computes, as a share of one whole sequence's
    /// @param images how many it decodes
    double seconds(double share, int images) {
      return callSeconds + sequenceSeconds * share + imageSeconds * images;
    }
  }

  /// How long the calls of a simulated verifier take.
  ///
  /// @param callSeconds of every call, whatever it scores
  /// @param imageSeconds for each image
  public record SimulatedVerifierPart(
      @JsonProperty(required = true) double callSeconds,
      @JsonProperty(required = true) double imageSeconds) {

    /// The time of one call in seconds.
    double seconds(int images) {
      return callSeconds + imageSeconds * images;
    }
  }

  /// How a vision-language model behind an OpenAI-compatible chat endpoint is asked. What is
  /// absent has its default.
  ///
  /// @param endpoint the base of its URLs, such as `http://localhost:8000/v1`
  /// @param model the model's name there
  /// @param question a template that holds [#PROMPT]; VQAScore's by default
  /// @param timeoutSeconds how long one answer may take, from the connection to the last byte
  /// @param retries how often a question is put again that was not answered
  /// @param concurrency how many questions may be open at once in a process
  /// @param samples how many answers are averaged where there are no log-probabilities
  /// @param keyVariable the environment variable that holds the key, or with `_FILE` after its
  ///     name the path of a file that does; without it no key is sent
  public record RemotePart(
      @JsonProperty(required = true) String endpoint,
      @JsonProperty(required = true) String model,
      String question,
      Integer timeoutSeconds,
      Integer retries,
      Integer concurrency,
      Integer samples,
      @Nullable String keyVariable) {

    /// What the question has in the prompt's place.
    public static final String PROMPT = "{prompt}";

    /// VQAScore's question.
    public static final String VQA_SCORE =
        "Does this figure show \"" + PROMPT + "\"? Please answer yes or no.";

    public RemotePart {
      question = Objects.requireNonNullElse(question, VQA_SCORE);
      timeoutSeconds = Objects.requireNonNullElse(timeoutSeconds, 60);
      retries = Objects.requireNonNullElse(retries, 5);
      concurrency = Objects.requireNonNullElse(concurrency, 8);
      samples = Objects.requireNonNullElse(samples, 8);
    }
  }
}
