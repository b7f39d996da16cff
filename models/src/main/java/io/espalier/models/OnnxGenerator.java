package io.espalier.models;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.espalier.beam.Bits;
import io.espalier.beam.Drawing;
import io.espalier.beam.Image;
import io.espalier.beam.Lineage;
import io.espalier.beam.Sampling;
import io.espalier.beam.Schedule;
import io.espalier.beam.SearchSpec;
import io.espalier.beam.Slice;
import io.espalier.beam.Uniforms;
import io.espalier.models.ModelException.BadBundle;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// A generator bundle, loaded. A slice is one call of `rollout.onnx`, which recomputes the prefix
/// once and branches inside, and one of `decode.onnx`, which takes the latent as it lies. Slices of
/// one shape, of any searches, may share these calls. What is too large for the memory is several
/// of each.
public final class OnnxGenerator implements LoadedGenerator {

  /// The output that a rollout may have or not: float [rows, scales drawn].
  private static final String LOG_LIKELIHOOD = "log_likelihood";

  /// How many sequences of several slices a call on one core draws faster than calls of their own:
  /// with six of `shapes-infinity` it takes 8 to 28 % less time, with twelve of more than one
  /// scale as much or more.
  private static final int FASTER_TOGETHER_ON_CPU = 6;

  private final String name;
  private final Manifest.GeneratorPart part;
  private final Schedule schedule;
  private final PromptEncoder encoder;
  private final OnnxGraph rollout;
  private final PictureDecoder decoder;
  private final MemoryPlan plan;
  private final boolean onCuda;
  private final boolean knowsLikelihood;

  /// Loads a bundle and tries it on one scale.
  ///
  /// @throws BadBundle where a graph is not what the manifest says
  public OnnxGenerator(Bundle bundle, Hardware hardware) {
    name = bundle.manifest().name();
    part = bundle.generator();
    schedule = part.schedule();
    plan = MemoryPlan.of(bundle, hardware);
    onCuda = hardware.cuda().isPresent();
    encoder = new PromptEncoder(bundle, part.prompt(), hardware);
    rollout =
        OnnxGraph.load(
            bundle.file("rollout.onnx"),
            hardware,
            Set.of("text_features", "prefix_bits", "uniforms", "guidance", "temperature", "top_p"));
    decoder = new PictureDecoder(bundle, part.image(), plan.pictures(), hardware);
    knowsLikelihood = tryOut();
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

  @Override
  public Set<String> check(String prompt) {
    return encoder.encode(prompt).warnings();
  }

  @Override
  public Drawn draw(SearchSpec spec, Slice slice, Bits parent) {
    return drawTogether(List.of(new Wanted(spec, slice, parent))).getFirst();
  }

  /// What slices of one call have in common: each input is one array.
  private record Shape(int scale, int depth, int branches, long textLength) {
    static Shape of(Wanted wanted, PromptEncoder.Text text) {
      Slice slice = wanted.slice();
      return new Shape(slice.scale(), slice.depth(), slice.branches().size(), text.length());
    }
  }

  /// On a CUDA device a call takes as many slices as the memory does. On a CPU a call of more rows
  /// is faster only as long as it is small, or draws a single scale: then most of it is the prefix.
  @Override
  public Sharing sharing(Wanted wanted) {
    Slice slice = wanted.slice();
    boolean oneScale = slice.scale() == slice.depth();
    int sequences =
        onCuda || oneScale ? plan.sequences() : Math.min(plan.sequences(), FASTER_TOGETHER_ON_CPU);
    return new Sharing(
        Shape.of(wanted, encoder.encode(wanted.spec().prompt())),
        Math.max(1, sequences / slice.branches().size()));
  }

  @Override
  public List<Drawn> drawTogether(List<Wanted> slices) {
    List<Ready> ready = slices.stream().map(this::ready).toList();
    if (ready.stream().map(Ready::shape).distinct().count() > 1) {
      throw new IllegalArgumentException("slices of different shapes cannot share a call");
    }
    List<List<Drawing>> drawings = new ArrayList<>();
    ready.forEach(_ -> drawings.add(new ArrayList<>()));
    int branches = ready.getFirst().shape().branches();
    int most = Math.max(1, plan.sequences() / ready.size());
    for (List<Integer> columns :
        MemoryPlan.split(IntStream.range(0, branches).boxed().toList(), most)) {
      drawInto(drawings, ready, columns.getFirst(), columns.getLast() + 1);
    }
    List<Drawn> drawn = new ArrayList<>();
    for (int i = 0; i < ready.size(); i++) {
      drawn.add(new Drawn(drawings.get(i), ready.get(i).text().warnings()));
    }
    return drawn;
  }

  /// A slice with what its call needs.
  private record Ready(
      Wanted wanted, Shape shape, PromptEncoder.Text text, Bits prefix, List<Lineage> candidates) {}

  private Ready ready(Wanted wanted) {
    PromptEncoder.Text text = encoder.encode(wanted.spec().prompt());
    Slice slice = wanted.slice();
    return new Ready(
        wanted,
        Shape.of(wanted, text),
        text,
        wanted.parent().prefix(schedule.tokens(1, slice.scale() - 1)),
        slice.candidates());
  }

  /// Some branches of each slice, in one call.
  private void drawInto(List<List<Drawing>> drawings, List<Ready> slices, int from, int until) {
    Shape shape = slices.getFirst().shape();
    int tokens = schedule.tokens(shape.scale(), shape.depth());
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < slices.size(); i++) {
      for (Lineage candidate : slices.get(i).candidates().subList(from, until)) {
        rows.add(new Row(i, candidate));
      }
    }
    try (NDManager manager = OnnxGraph.newManager()) {
      NDList drawn =
          rollout.run(
              inputs(
                  manager,
                  texts(slices),
                  slices.stream().map(Ready::prefix).toList(),
                  slices.stream().map(each -> each.wanted().spec().sampling()).toList(),
                  rows.size(),
                  tokens,
                  out -> rows.forEach(row -> fillUniforms(slices.get(row.slice()), row, out))));
      ByteBuffer bits = drawn.get("bits").toByteBuffer();
      List<List<Float>> likelihoods =
          logLikelihoods(drawn, rows.size(), shape.depth() - shape.scale() + 1);
      List<Image> images = decoder.decode(drawn.get("latent"));
      for (int i = 0; i < rows.size(); i++) {
        Row row = rows.get(i);
        drawings
            .get(row.slice())
            .add(
                new Drawing(
                    row.candidate(),
                    slices.get(row.slice()).prefix().followedBy(bits, tokens),
                    images.get(i),
                    likelihoods.get(i)));
      }
    }
  }

  /// The slices' texts; a single one where all have the same, so that it is computed once.
  private static List<PromptEncoder.Text> texts(List<Ready> slices) {
    List<PromptEncoder.Text> texts = slices.stream().map(Ready::text).toList();
    return texts.stream().distinct().count() == 1 ? texts.subList(0, 1) : texts;
  }

  /// A row of a call's outputs.
  private record Row(int slice, Lineage candidate) {}

  /// A list for each candidate, of each scale drawn; empty ones where the graph gives none.
  private List<List<Float>> logLikelihoods(NDList drawn, int candidates, int scales) {
    if (!knowsLikelihood) {
      return Collections.nCopies(candidates, List.of());
    }
    rollout.expect(drawn, LOG_LIKELIHOOD, candidates, scales);
    return Tensors.rows(drawn.get(LOG_LIKELIHOOD), candidates);
  }

  private void fillUniforms(Ready slice, Row row, FloatBuffer out) {
    Shape shape = slice.shape();
    for (int scale = shape.scale(); scale <= shape.depth(); scale++) {
      Uniforms.fill(
          slice.wanted().spec().seed(),
          row.candidate(),
          scale,
          out,
          schedule.tokens(scale, scale) * part.bitsPerToken());
    }
  }

  /// Inputs for P slices, with a prefix and a row of settings each.
  ///
  /// @param texts one for all slices, or one each
  private NDList inputs(
      NDManager manager,
      List<PromptEncoder.Text> texts,
      List<Bits> prefixes,
      List<Sampling> samplings,
      int rows,
      int tokens,
      Consumer<FloatBuffer> uniforms) {
    Tensors tensors = new Tensors(manager);
    int bits = part.bitsPerToken();
    return new NDList(
        PromptEncoder.tensor(tensors, texts),
        tensors.bytes(
            "prefix_bits",
            out -> prefixes.forEach(prefix -> prefix.unpack(out)),
            prefixes.size(),
            prefixes.getFirst().tokens(),
            bits),
        tensors.floats("uniforms", uniforms, rows, tokens, bits),
        tensors.rows("guidance", samplings.stream().map(Sampling::guidance).toList()),
        tensors.rows("temperature", samplings.stream().map(Sampling::temperature).toList()),
        tensors.rows("top_p", samplings.stream().map(Sampling::topP).toList()));
  }

  /// Draws the first scale and decodes it, so that a graph of another shape is found now; says
  /// whether the graph gives log-likelihoods.
  private boolean tryOut() {
    PromptEncoder.Text text = encoder.encode("a");
    int tokens = schedule.tokens(1, 1);
    try (NDManager manager = OnnxGraph.newManager()) {
      NDList drawn =
          rollout.run(
              inputs(
                  manager,
                  List.of(text),
                  List.of(Bits.none(bitsPerToken())),
                  List.of(sampling()),
                  1,
                  tokens,
                  _ -> {}));
      List<Integer> latent = part.latent();
      rollout.expect(drawn, "bits", 1, tokens, bitsPerToken());
      rollout.expect(drawn, "latent", 1, latent.get(0), latent.get(1), latent.get(2));
      decoder.tryOut(drawn.get("latent"));
      if (!rollout.hasFloats(drawn, LOG_LIKELIHOOD)) {
        return false;
      }
      rollout.expect(drawn, LOG_LIKELIHOOD, 1, 1);
      return true;
    } catch (ModelException.CallFailed e) {
      throw new BadBundle("bundle %s does not fit together: %s".formatted(name, e.getMessage()), e);
    }
  }

  @Override
  public void close() {
    encoder.close();
    rollout.close();
    decoder.close();
  }
}
