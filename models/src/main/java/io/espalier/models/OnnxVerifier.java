package io.espalier.models;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.espalier.beam.Image;
import io.espalier.models.ModelException.BadBundle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/// A verifier bundle with a graph, loaded.
public final class OnnxVerifier implements LoadedVerifier {

  /// A product with a single row takes another path through the CPU's kernels and differs in its
  /// last digits, so a lone image is scored twice.
  private static final int FEWEST_ROWS = 2;

  /// On a core a call of forty images takes no less time an image than one of five; on a GPU it
  /// does, up to about so many. A bound, since a search may ask for thousands at once.
  private static final int MOST_ROWS_ON_CPU = 16;

  private static final int MOST_ROWS_ON_CUDA = 64;

  /// The output that a graph may have or not: float [N, F].
  private static final String FEATURES = "features";

  private final String name;
  private final int tokens;
  private final PromptTokenizer tokenizer;
  private final OnnxGraph graph;
  private final int most;
  private final boolean hasFeatures;

  /// Loads a bundle and tries it on a small image.
  ///
  /// @param name what the search calls this verifier
  /// @throws BadBundle where the graph is not what the manifest says
  public OnnxVerifier(String name, Bundle bundle, Hardware hardware) {
    this.name = name;
    tokens = Bundle.required(bundle.verifier().tokens(), bundle.folder(), "verifier.tokens");
    tokenizer = new PromptTokenizer(bundle.tokenizer());
    most = hardware.cuda().isPresent() ? MOST_ROWS_ON_CUDA : MOST_ROWS_ON_CPU;
    graph =
        OnnxGraph.load(
            bundle.file("verifier.onnx"), hardware, Set.of("image", "input_ids", "attention_mask"));
    hasFeatures = tryOut();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Scores score(String prompt, List<Image> images) {
    return scoreTogether(List.of(new Wanted(prompt, images, false))).getFirst();
  }

  @Override
  public Scores scoreWithFeatures(String prompt, List<Image> images) {
    return scoreTogether(List.of(new Wanted(prompt, images, true))).getFirst();
  }

  /// An image with its prompt: a row of a call's inputs.
  private record Row(Answer answer, int image) {
    Image pixels() {
      return answer.wanted.images().get(image);
    }
  }

  private record Size(int width, int height) {
    static Size of(Row row) {
      return new Size(row.pixels().width(), row.pixels().height());
    }
  }

  /// What becomes of some images of one prompt, call by call.
  private final class Answer {
    private final Wanted wanted;
    private final PromptTokenizer.Tokens words;
    private final double[] values;
    private final List<List<Float>> features;

    Answer(Wanted wanted) {
      this.wanted = wanted;
      words = tokenizer.encode(wanted.prompt());
      values = new double[wanted.images().size()];
      features =
          new ArrayList<>(
              hasFeatures && wanted.features()
                  ? Collections.nCopies(values.length, List.of())
                  : List.of());
    }

    Stream<Row> rows() {
      return IntStream.range(0, values.length).mapToObj(image -> new Row(this, image));
    }

    Scores scores() {
      Scores scores = new Scores(values, List.copyOf(features), warnings(words));
      return wanted.features() ? scores.orWithoutFeatures(name) : scores;
    }
  }

  /// Images of one size share calls, whatever their prompts: each row brings its own.
  @Override
  public List<Scores> scoreTogether(List<Wanted> all) {
    List<Answer> answers = all.stream().map(Answer::new).toList();
    answers.stream()
        .flatMap(Answer::rows)
        .collect(Collectors.groupingBy(Size::of, LinkedHashMap::new, Collectors.toList()))
        .values()
        .forEach(rows -> MemoryPlan.split(rows, most).forEach(this::call));
    return answers.stream().map(Answer::scores).toList();
  }

  private void call(List<Row> rows) {
    try (NDManager manager = OnnxGraph.newManager()) {
      NDList outputs = graph.run(inputs(manager, rows));
      float[] scores = outputs.get("score").toFloatArray();
      boolean featured = rows.stream().anyMatch(row -> !row.answer().features.isEmpty());
      List<List<Float>> features =
          featured ? Tensors.rows(outputs.get(FEATURES), rows.size()) : List.of();
      for (int i = 0; i < rows.size(); i++) {
        Answer answer = rows.get(i).answer();
        answer.values[rows.get(i).image()] = scores[i];
        if (!answer.features.isEmpty()) {
          answer.features.set(rows.get(i).image(), features.get(i));
        }
      }
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

  private NDList inputs(NDManager manager, List<Row> rows) {
    Image first = rows.getFirst().pixels();
    int count = Math.max(FEWEST_ROWS, rows.size());
    List<Row> all = new ArrayList<>(rows);
    while (all.size() < count) {
      all.add(rows.getLast());
    }
    Tensors tensors = new Tensors(manager);
    return new NDList(
        tensors.bytes(
            "image",
            out -> all.forEach(row -> out.put(row.pixels().rgb())),
            count,
            first.height(),
            first.width(),
            3),
        tensors.longs("input_ids", texts(all, false), count, tokens),
        tensors.longs("attention_mask", texts(all, true), count, tokens));
  }

  private long[] texts(List<Row> rows, boolean mask) {
    return rows.stream()
        .flatMapToLong(row -> LongStream.of(padded(row.answer().words.ids(), mask)))
        .toArray();
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

  /// Says whether the graph gives features.
  private boolean tryOut() {
    Image grey = new Image(8, 8, new byte[3 * 8 * 8]);
    try (NDManager manager = OnnxGraph.newManager()) {
      Answer nothing = new Answer(new Wanted("", List.of(grey), false));
      NDList outputs = graph.run(inputs(manager, nothing.rows().toList()));
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
