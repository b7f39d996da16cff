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

/// A generator bundle, loaded. A slice is one call of `rollout.onnx`, which recomputes the prefix
/// once and branches inside, and one of `decode.onnx`, which takes the latent as it lies. A slice
/// that is too large for the memory is several of each.
public final class OnnxGenerator implements LoadedGenerator {

  /// The output that a rollout may have or not: float [rows, scales drawn].
  private static final String LOG_LIKELIHOOD = "log_likelihood";

  private final String name;
  private final Manifest.GeneratorPart part;
  private final Schedule schedule;
  private final PromptEncoder encoder;
  private final OnnxGraph rollout;
  private final PictureDecoder decoder;
  private final MemoryPlan plan;
  private final boolean knowsLikelihood;

  /// Loads a bundle and tries it on one scale.
  ///
  /// @throws BadBundle where a graph is not what the manifest says
  public OnnxGenerator(Bundle bundle, Hardware hardware) {
    name = bundle.manifest().name();
    part = bundle.generator();
    schedule = part.schedule();
    plan = MemoryPlan.of(bundle, hardware);
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
    PromptEncoder.Text text = encoder.encode(spec.prompt());
    Bits prefix = parent.prefix(schedule.tokens(1, slice.scale() - 1));
    List<Drawing> drawings = new ArrayList<>();
    for (List<Lineage> candidates : MemoryPlan.split(slice.candidates(), plan.sequences())) {
      drawings.addAll(draw(spec, slice, candidates, text, prefix));
    }
    return new Drawn(drawings, text.warnings());
  }

  /// Some candidates of a slice, in one call.
  private List<Drawing> draw(
      SearchSpec spec,
      Slice slice,
      List<Lineage> candidates,
      PromptEncoder.Text text,
      Bits prefix) {
    int tokens = schedule.tokens(slice.scale(), slice.depth());
    try (NDManager manager = OnnxGraph.newManager()) {
      NDList drawn =
          rollout.run(
              inputs(
                  manager,
                  text,
                  prefix,
                  candidates.size(),
                  tokens,
                  out -> fillUniforms(spec.seed(), slice, candidates, out),
                  spec.sampling()));
      ByteBuffer bits = drawn.get("bits").toByteBuffer();
      List<List<Float>> likelihoods =
          logLikelihoods(drawn, candidates.size(), slice.depth() - slice.scale() + 1);
      List<Image> images = decoder.decode(drawn.get("latent"));
      List<Drawing> drawings = new ArrayList<>();
      for (int i = 0; i < images.size(); i++) {
        drawings.add(
            new Drawing(
                candidates.get(i),
                prefix.followedBy(bits, tokens),
                images.get(i),
                likelihoods.get(i)));
      }
      return drawings;
    }
  }

  /// A list for each candidate, of each scale drawn; empty ones where the graph gives none.
  private List<List<Float>> logLikelihoods(NDList drawn, int candidates, int scales) {
    if (!knowsLikelihood) {
      return Collections.nCopies(candidates, List.of());
    }
    rollout.expect(drawn, LOG_LIKELIHOOD, candidates, scales);
    return Tensors.rows(drawn.get(LOG_LIKELIHOOD), candidates);
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
      PromptEncoder.Text text,
      Bits prefix,
      int branches,
      int tokens,
      java.util.function.Consumer<FloatBuffer> uniforms,
      Sampling sampling) {
    Tensors tensors = new Tensors(manager);
    int bits = part.bitsPerToken();
    return new NDList(
        text.tensor(tensors),
        tensors.bytes("prefix_bits", prefix::unpack, 1, prefix.tokens(), bits),
        tensors.floats("uniforms", uniforms, branches, tokens, bits),
        tensors.row("guidance", sampling.guidance()),
        tensors.row("temperature", sampling.temperature()),
        tensors.row("top_p", sampling.topP()));
  }

  /// Draws the first scale and decodes it, so that a graph of another shape is found now; says
  /// whether the graph gives log-likelihoods.
  private boolean tryOut() {
    PromptEncoder.Text text = encoder.encode("a");
    int tokens = schedule.tokens(1, 1);
    try (NDManager manager = OnnxGraph.newManager()) {
      NDList drawn =
          rollout.run(
              inputs(manager, text, Bits.none(bitsPerToken()), 1, tokens, _ -> {}, sampling()));
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
