package io.espalier.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.espalier.beam.Bits;
import io.espalier.beam.Drawing;
import io.espalier.beam.Image;
import io.espalier.beam.Lineage;
import io.espalier.beam.Normals;
import io.espalier.beam.SearchSpec;
import io.espalier.beam.Slice;
import io.espalier.models.ModelException.BadBundle;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/// A diffusion generator's bundle, loaded. It draws whole pictures: a slice of the root to the
/// last scale, of which it has one for each of its steps, is one call of `sample.onnx`, which
/// holds all steps, and one of `decode.onnx`. It has no bits.
public final class OnnxDiffusion implements LoadedGenerator {

  private final String name;
  private final Manifest.DiffusionPart part;
  private final PromptEncoder encoder;
  private final OnnxGraph sample;
  private final PictureDecoder decoder;
  private final MemoryPlan plan;

  /// Loads a bundle and tries it on one picture.
  ///
  /// @throws BadBundle where a graph is not what the manifest says
  public OnnxDiffusion(Bundle bundle, Hardware hardware) {
    name = bundle.manifest().name();
    part = bundle.diffusion();
    plan = MemoryPlan.of(bundle, hardware);
    encoder = new PromptEncoder(bundle, part.prompt(), hardware);
    sample =
        OnnxGraph.load(
            bundle.file("sample.onnx"), hardware, Set.of("text_features", "noise", "guidance"));
    decoder = new PictureDecoder(bundle, part.image(), plan.pictures(), hardware);
    tryOut();
  }

  @Override
  public int bitsPerToken() {
    return 0;
  }

  @Override
  public Set<String> check(String prompt) {
    return encoder.encode(prompt).warnings();
  }

  @Override
  public Drawn draw(SearchSpec spec, Slice slice, Bits parent) {
    if (slice.scale() != 1 || slice.depth() != part.steps()) {
      throw new IllegalArgumentException(
          "%s draws whole pictures, scales 1 to %d, and not %d to %d"
              .formatted(name, part.steps(), slice.scale(), slice.depth()));
    }
    PromptEncoder.Text text = encoder.encode(spec.prompt());
    List<Drawing> drawings = new ArrayList<>();
    for (List<Lineage> candidates : MemoryPlan.split(slice.candidates(), plan.sequences())) {
      drawings.addAll(draw(spec, candidates, text));
    }
    return new Drawn(drawings, text.warnings());
  }

  /// Some candidates, in one call.
  private List<Drawing> draw(SearchSpec spec, List<Lineage> candidates, PromptEncoder.Text text) {
    float guidance = spec.sampling().guidance().getFirst();
    try (NDManager manager = OnnxGraph.newManager()) {
      Consumer<FloatBuffer> noise =
          out ->
              candidates.forEach(
                  candidate -> Normals.fill(spec.seed(), candidate, out, latentSize()));
      NDArray latents = sample(manager, text, candidates.size(), noise, guidance).get("latent");
      List<Image> images = decoder.decode(latents);
      List<Drawing> drawings = new ArrayList<>();
      for (int i = 0; i < images.size(); i++) {
        drawings.add(new Drawing(candidates.get(i), Bits.none(0), images.get(i)));
      }
      return drawings;
    }
  }

  private NDList sample(
      NDManager manager,
      PromptEncoder.Text text,
      int pictures,
      Consumer<FloatBuffer> noise,
      float guidance) {
    Tensors tensors = new Tensors(manager);
    List<Integer> latent = part.latent();
    return sample.run(
        new NDList(
            PromptEncoder.tensor(tensors, List.of(text)),
            tensors.floats("noise", noise, pictures, latent.get(0), latent.get(1), latent.get(2)),
            tensors.floats(
                "guidance",
                out -> {
                  for (int picture = 0; picture < pictures; picture++) {
                    out.put(guidance);
                  }
                },
                pictures)));
  }

  private int latentSize() {
    return part.latent().stream().reduce(1, Math::multiplyExact);
  }

  private void tryOut() {
    try (NDManager manager = OnnxGraph.newManager()) {
      NDList drawn = sample(manager, encoder.encode("a"), 1, _ -> {}, part.guidance());
      List<Integer> latent = part.latent();
      sample.expect(drawn, "latent", 1, latent.get(0), latent.get(1), latent.get(2));
      decoder.tryOut(drawn.get("latent"));
    } catch (ModelException.CallFailed e) {
      throw new BadBundle("bundle %s does not fit together: %s".formatted(name, e.getMessage()), e);
    }
  }

  @Override
  public void close() {
    encoder.close();
    sample.close();
    decoder.close();
  }
}
