package io.espalier.models;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.espalier.beam.Image;
import io.espalier.models.ModelException.BadBundle;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// A verifier bundle with a graph, loaded.
public final class OnnxVerifier implements LoadedVerifier {

  /// A product with a single row takes another path through the CPU's kernels and differs in its
  /// last digits, so a lone image is scored twice.
  private static final int FEWEST_ROWS = 2;

  /// The output that a graph may have or not: float [N, F].
  private static final String FEATURES = "features";

  private final String name;
  private final int tokens;
  private final PromptTokenizer tokenizer;
  private final OnnxGraph graph;
  private final boolean hasFeatures;

  /// Loads a bundle and tries it on a small image.
  ///
  /// @param name what the search calls this verifier
  /// @throws BadBundle where the graph is not what the manifest says
  public OnnxVerifier(String name, Bundle bundle, Hardware hardware) {
    this.name = name;
    tokens = Bundle.required(bundle.verifier().tokens(), bundle.folder(), "verifier.tokens");
    tokenizer = new PromptTokenizer(bundle.tokenizer());
    graph =
        OnnxGraph.load(
            bundle.file("verifier.onnx"), hardware, Set.of("image", "input_ids", "attention_mask"));
    hasFeatures = tryOut();
  }

  @Override
  public String name() {
    return name;
  }

  /// Scores images of one size in one call.
  @Override
  public Scores score(String prompt, List<Image> images) {
    return score(prompt, images, false);
  }

  /// Scores images of one size in one call.
  @Override
  public Scores scoreWithFeatures(String prompt, List<Image> images) {
    return hasFeatures
        ? score(prompt, images, true)
        : LoadedVerifier.super.scoreWithFeatures(prompt, images);
  }

  private Scores score(String prompt, List<Image> images, boolean withFeatures) {
    PromptTokenizer.Tokens words = tokenizer.encode(prompt);
    int rows = Math.max(FEWEST_ROWS, images.size());
    try (NDManager manager = OnnxGraph.newManager()) {
      NDList outputs = graph.run(inputs(manager, words.ids(), images, rows));
      double[] values = new double[images.size()];
      float[] all = outputs.get("score").toFloatArray();
      for (int i = 0; i < values.length; i++) {
        values[i] = all[i];
      }
      List<List<Float>> features =
          withFeatures ? Tensors.rows(outputs.get(FEATURES), images.size()) : List.of();
      return new Scores(values, features, warnings(words));
    }
  }

  private Set<String> warnings(PromptTokenizer.Tokens words) {
    Set<String> warnings = new LinkedHashSet<>();
    if (words.ids().length > tokens) {
      warnings.add(
          "%s read only the first %d of the prompt's %d tokens"
              .formatted(name, tokens, words.ids().length));
    }
    words
        .unknown()
        .forEach(word -> warnings.add("%s does not know the word '%s'".formatted(name, word)));
    return warnings;
  }

  private NDList inputs(NDManager manager, long[] ids, List<Image> images, int rows) {
    Image first = images.getFirst();
    Tensors tensors = new Tensors(manager);
    return new NDList(
        tensors.bytes(
            "image", out -> fillPixels(images, rows, out), rows, first.height(), first.width(), 3),
        tensors.longs("input_ids", rows(padded(ids, false), rows), rows, tokens),
        tensors.longs("attention_mask", rows(padded(ids, true), rows), rows, tokens));
  }

  private static void fillPixels(List<Image> images, int rows, ByteBuffer out) {
    for (int row = 0; row < rows; row++) {
      out.put(images.get(Math.min(row, images.size() - 1)).rgb());
    }
  }

  /// Ids cut or padded to the fixed length, or ones at the real ones. The last token closes the
  /// text, so it stays where the text is cut.
  private long[] padded(long[] ids, boolean mask) {
    long[] row = Arrays.copyOf(ids, tokens);
    if (ids.length > tokens) {
      row[tokens - 1] = ids[ids.length - 1];
    }
    if (mask) {
      Arrays.fill(row, 0, Math.min(ids.length, tokens), 1);
    }
    return row;
  }

  private static long[] rows(long[] row, int count) {
    long[] all = new long[row.length * count];
    for (int i = 0; i < count; i++) {
      System.arraycopy(row, 0, all, i * row.length, row.length);
    }
    return all;
  }

  /// Says whether the graph gives features.
  private boolean tryOut() {
    Image grey = new Image(8, 8, new byte[3 * 8 * 8]);
    try (NDManager manager = OnnxGraph.newManager()) {
      NDList outputs = graph.run(inputs(manager, new long[0], List.of(grey), FEWEST_ROWS));
      graph.expect(outputs, "score", FEWEST_ROWS);
      if (!graph.hasFloats(outputs, FEATURES)) {
        return false;
      }
      Shape shape = outputs.get(FEATURES).getShape();
      if (shape.dimension() != 2 || shape.get(0) != FEWEST_ROWS || shape.get(1) == 0) {
        throw new BadBundle(
            "%s gives features of the shape %s for %d images, but must give a vector for each"
                .formatted(graph.file(), shape, FEWEST_ROWS));
      }
      return true;
    } catch (ModelException.CallFailed e) {
      throw new BadBundle("verifier %s cannot be used: %s".formatted(name, e.getMessage()), e);
    }
  }

  @Override
  public void close() {
    graph.close();
    tokenizer.close();
  }
}
