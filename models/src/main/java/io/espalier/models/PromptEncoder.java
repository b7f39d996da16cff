package io.espalier.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.espalier.models.ModelException.BadPrompt;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// A bundle's tokenizer and `text.onnx`: prompts to text features, the last ones remembered.
/// Thread-safe.
final class PromptEncoder implements AutoCloseable {

  private static final int REMEMBERED_PROMPTS = 64;

  /// A prompt's text features, float [1, L, Ct].
  @SuppressWarnings("ArrayRecordComponent")
  record Text(float[] features, long length, long width, Set<String> warnings) {}

  /// Texts of one length as an input, float [P, L, Ct].
  static NDArray tensor(Tensors tensors, List<Text> texts) {
    Text first = texts.getFirst();
    return tensors.floats(
        "text_features",
        out -> texts.forEach(text -> out.put(text.features())),
        texts.size(),
        first.length(),
        first.width());
  }

  private final String name;
  private final Manifest.PromptLimits limits;
  private final PromptTokenizer tokenizer;
  private final OnnxGraph graph;
  private final Map<String, Text> texts =
      Collections.synchronizedMap(
          new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Text> eldest) {
              return size() > REMEMBERED_PROMPTS;
            }
          });

  PromptEncoder(Bundle bundle, Manifest.PromptLimits limits, Hardware hardware) {
    this.name = bundle.manifest().name();
    this.limits = limits;
    tokenizer = new PromptTokenizer(bundle.tokenizer());
    graph =
        OnnxGraph.load(bundle.file("text.onnx"), hardware, Set.of("input_ids", "attention_mask"));
  }

  /// Refuses a prompt of more characters than a model takes.
  ///
  /// @param name the model's
  /// @throws BadPrompt where it has more
  static void checkCharacters(String name, Manifest.PromptLimits limits, String prompt) {
    int characters = prompt.codePointCount(0, prompt.length());
    if (characters > limits.characters()) {
      throw new BadPrompt(
          "the prompt has %d characters, but %s takes at most %d; shorten it"
              .formatted(characters, name, limits.characters()));
    }
  }

  /// @throws BadPrompt where the model cannot take it
  Text encode(String prompt) {
    Text known = texts.get(prompt);
    if (known == null) {
      known = run(prompt);
      texts.put(prompt, known);
    }
    return known;
  }

  private Text run(String prompt) {
    checkCharacters(name, limits, prompt);
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
          graph
              .run(
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

  @Override
  public void close() {
    graph.close();
    tokenizer.close();
  }
}
