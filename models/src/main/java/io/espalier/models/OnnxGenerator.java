package io.espalier.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.espalier.beam.Bits;
import io.espalier.beam.Drawing;
import io.espalier.beam.Generator;
import io.espalier.beam.Image;
import io.espalier.beam.Lineage;
import io.espalier.beam.Sampling;
import io.espalier.beam.Schedule;
import io.espalier.beam.SearchSpec;
import io.espalier.beam.Slice;
import io.espalier.beam.Uniforms;
import io.espalier.models.ModelException.BadBundle;
import io.espalier.models.ModelException.BadPrompt;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// A generator bundle, loaded. A slice is one call of `rollout.onnx`, which recomputes the prefix
/// once and branches inside, and one of `decode.onnx`, which takes the latent as it lies.
public final class OnnxGenerator implements Generator, AutoCloseable {

  private static final int REMEMBERED_PROMPTS = 64;

  /// A prompt's text features, float [1, L, Ct].
  @SuppressWarnings("ArrayRecordComponent")
  private record Text(float[] features, long length, long width, Set<String> warnings) {}

  private final String name;
  private final Manifest.GeneratorPart part;
  private final Schedule schedule;
  private final PromptTokenizer tokenizer;
  private final OnnxGraph text;
  private final OnnxGraph rollout;
  private final OnnxGraph decode;
  private final Map<String, Text> texts =
      Collections.synchronizedMap(
          new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Text> eldest) {
              return size() > REMEMBERED_PROMPTS;
            }
          });

  /// Loads a bundle and tries it on one scale.
  ///
  /// @param threads how many threads one model call may use
  /// @throws BadBundle where a graph is not what the manifest says
  public OnnxGenerator(Bundle bundle, int threads) {
    name = bundle.manifest().name();
    part = bundle.generator();
    schedule = part.schedule();
    tokenizer = new PromptTokenizer(bundle.file(bundle.manifest().tokenizer()));
    text = OnnxGraph.load(bundle.file("text.onnx"), threads, Set.of("input_ids", "attention_mask"));
    rollout =
        OnnxGraph.load(
            bundle.file("rollout.onnx"),
            threads,
            Set.of("text_features", "prefix_bits", "uniforms", "guidance", "temperature", "top_p"));
    decode = OnnxGraph.load(bundle.file("decode.onnx"), threads, Set.of("latent"));
    tryOut();
  }

  public Schedule schedule() {
    return schedule;
  }

  /// The bundle's default sampling.
  public Sampling sampling() {
    return part.sampling();
  }

  @Override
  public int bitsPerToken() {
    return part.bitsPerToken();
  }

  /// What the job's owner should know of a prompt before a search begins.
  ///
  /// @throws BadPrompt where the generator cannot take it
  public Set<String> check(String prompt) {
    return text(prompt).warnings();
  }

  @Override
  public Drawn draw(SearchSpec spec, Slice slice, Bits parent) {
    Text words = text(spec.prompt());
    Bits prefix = parent.prefix(schedule.tokens(1, slice.scale() - 1));
    List<Lineage> candidates = slice.candidates();
    int tokens = schedule.tokens(slice.scale(), slice.depth());
    try (NDManager manager = OnnxGraph.newManager()) {
      NDList drawn =
          rollout.run(
              inputs(
                  manager,
                  words,
                  prefix,
                  candidates.size(),
                  tokens,
                  out -> fillUniforms(spec.seed(), slice, candidates, out),
                  spec.sampling()));
      ByteBuffer bits = drawn.get("bits").toByteBuffer();
      ByteBuffer pixels = decode(drawn.get("latent"));
      List<Drawing> drawings = new ArrayList<>();
      for (Lineage candidate : candidates) {
        drawings.add(new Drawing(candidate, prefix.followedBy(bits, tokens), nextImage(pixels)));
      }
      return new Drawn(drawings, words.warnings());
    }
  }

  private void fillUniforms(long seed, Slice slice, List<Lineage> candidates, FloatBuffer out) {
    for (Lineage candidate : candidates) {
      for (int scale = slice.scale(); scale <= slice.depth(); scale++) {
        Uniforms.fill(
            seed, candidate, scale, out, schedule.tokens(scale, scale) * part.bitsPerToken());
      }
    }
  }

  private NDList inputs(
      NDManager manager,
      Text words,
      Bits prefix,
      int branches,
      int tokens,
      java.util.function.Consumer<FloatBuffer> uniforms,
      Sampling sampling) {
    Tensors tensors = new Tensors(manager);
    int bits = part.bitsPerToken();
    return new NDList(
        tensors.floats(
            "text_features", out -> out.put(words.features()), 1, words.length(), words.width()),
        tensors.bytes("prefix_bits", prefix::unpack, 1, prefix.tokens(), bits),
        tensors.floats("uniforms", uniforms, branches, tokens, bits),
        tensors.row("guidance", sampling.guidance()),
        tensors.row("temperature", sampling.temperature()),
        tensors.row("top_p", sampling.topP()));
  }

  private ByteBuffer decode(NDArray latent) {
    latent.setName("latent");
    return decode.run(new NDList(latent)).get("image").toByteBuffer();
  }

  private Image nextImage(ByteBuffer pixels) {
    int height = part.image().get(0);
    int width = part.image().get(1);
    byte[] rgb = new byte[3 * height * width];
    pixels.get(rgb);
    return new Image(width, height, rgb);
  }

  private Text text(String prompt) {
    Text known = texts.get(prompt);
    if (known == null) {
      known = encode(prompt);
      texts.put(prompt, known);
    }
    return known;
  }

  private Text encode(String prompt) {
    Manifest.PromptLimits limits = part.prompt();
    if (prompt.codePointCount(0, prompt.length()) > limits.characters()) {
      throw new BadPrompt(
          "the prompt has %d characters, but %s takes at most %d; shorten it"
              .formatted(prompt.codePointCount(0, prompt.length()), name, limits.characters()));
    }
    PromptTokenizer.Tokens tokens = tokenizer.encode(prompt);
    int length = tokens.ids().length;
    if (length > limits.tokens()) {
      throw new BadPrompt(
          "the prompt has %d tokens, but %s takes at most %d; shorten it"
              .formatted(length, name, limits.tokens()));
    }
    long[] mask = new long[length];
    Arrays.fill(mask, 1);
    try (NDManager manager = OnnxGraph.newManager()) {
      Tensors tensors = new Tensors(manager);
      NDArray features =
          text.run(
                  new NDList(
                      tensors.longs("input_ids", tokens.ids(), 1, length),
                      tensors.longs("attention_mask", mask, 1, length)))
              .get("text_features");
      Shape shape = features.getShape();
      return new Text(features.toFloatArray(), shape.get(1), shape.get(2), unknown(tokens));
    }
  }

  private Set<String> unknown(PromptTokenizer.Tokens tokens) {
    return tokens.unknown().stream()
        .map(word -> "%s does not know the word '%s'".formatted(name, word))
        .collect(Collectors.toUnmodifiableSet());
  }

  /// Draws the first scale and decodes it, so that a graph of another shape is found now.
  private void tryOut() {
    Text words = text("a");
    int tokens = schedule.tokens(1, 1);
    try (NDManager manager = OnnxGraph.newManager()) {
      NDList drawn =
          rollout.run(
              inputs(manager, words, Bits.none(bitsPerToken()), 1, tokens, _ -> {}, sampling()));
      List<Integer> latent = part.latent();
      expect(rollout, drawn, "bits", 1, tokens, bitsPerToken());
      expect(rollout, drawn, "latent", 1, latent.get(0), latent.get(1), latent.get(2));
      NDArray array = drawn.get("latent");
      array.setName("latent");
      expect(
          decode,
          decode.run(new NDList(array)),
          "image",
          1,
          part.image().get(0),
          part.image().get(1),
          3);
    } catch (ModelException.CallFailed e) {
      throw new BadBundle("bundle %s does not fit together: %s".formatted(name, e.getMessage()), e);
    }
  }

  private static void expect(OnnxGraph graph, NDList outputs, String output, long... shape) {
    NDArray array = outputs.get(output);
    if (array == null) {
      throw new BadBundle("%s has no output %s".formatted(graph.file(), output));
    }
    if (!array.getShape().equals(new Shape(shape))) {
      throw new BadBundle(
          "%s gives %s of the shape %s, but the manifest makes it %s"
              .formatted(graph.file(), output, array.getShape(), new Shape(shape)));
    }
  }

  @Override
  public void close() {
    text.close();
    rollout.close();
    decode.close();
    tokenizer.close();
  }
}
