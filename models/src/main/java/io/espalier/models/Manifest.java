package io.espalier.models;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.espalier.beam.Grid;
import io.espalier.beam.Sampling;
import io.espalier.beam.Schedule;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What `bundle.json` says. Unknown fields are ignored.
///
/// @param kind one of [#GENERATOR], [#DIFFUSION] and [#VERIFIER]
/// @param trainedOn what the weights have seen, in words
/// @param tokenizer the file of the text tokenizer
/// @param files the SHA-256 of every other file, in hexadecimal digits
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
    @JsonProperty(required = true) String tokenizer,
    @JsonProperty(required = true) Map<String, String> files,
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

  /// What a generator draws and how.
  ///
  /// @param scales the token grids, [height, width] each
  /// @param bitsPerToken D
  /// @param latent the latent's channels, height and width
  /// @param image the image's height and width
  /// @param guidance the default, one value per scale; so are temperature and topP
  public record GeneratorPart(
      @JsonProperty(required = true) List<List<Integer>> scales,
      @JsonProperty(required = true) int bitsPerToken,
      @JsonProperty(required = true) List<Integer> latent,
      @JsonProperty(required = true) List<Integer> image,
      @JsonProperty(required = true) PromptLimits prompt,
      @JsonProperty(required = true) List<Float> guidance,
      @JsonProperty(required = true) List<Float> temperature,
      @JsonProperty(required = true) List<Float> topP) {

    public Schedule schedule() {
      return new Schedule(scales.stream().map(grid -> new Grid(grid.get(0), grid.get(1))).toList());
    }

    public Sampling sampling() {
      return new Sampling(guidance, temperature, topP);
    }
  }

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
  /// @param tokens what every prompt is padded or cut to
  /// @param mean over the verifier's reference set
  /// @param std over the verifier's reference set
  public record VerifierPart(
      @JsonProperty(required = true) String measures,
      @JsonProperty(required = true) int tokens,
      @JsonProperty(required = true) double mean,
      @JsonProperty(required = true) double std) {}
}
