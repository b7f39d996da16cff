package io.espalier.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.espalier.beam.Image;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/// A bundle's `decode.onnx`: latents to pictures. Thread-safe.
final class PictureDecoder implements AutoCloseable {

  private final OnnxGraph graph;
  private final int height;
  private final int width;
  private final int most;

  /// @param most how many pictures one call may decode
  /// @param image the picture's height and width
  PictureDecoder(Bundle bundle, List<Integer> image, int most, Hardware hardware) {
    graph = OnnxGraph.load(bundle.file("decode.onnx"), hardware, Set.of("latent"));
    height = image.get(0);
    width = image.get(1);
    this.most = most;
  }

  /// Decodes latents float [N, d, H, W], which it takes as they lie where one call may hold all.
  List<Image> decode(NDArray latents) {
    List<Image> images = new ArrayList<>();
    Shape shape = latents.getShape();
    if (shape.get(0) <= most) {
      addPictures(latents, images);
      return images;
    }
    FloatBuffer all = latents.toByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer();
    int size = Math.toIntExact(shape.size() / shape.get(0));
    List<Integer> rows = IntStream.range(0, Math.toIntExact(shape.get(0))).boxed().toList();
    for (List<Integer> part : MemoryPlan.split(rows, most)) {
      try (NDManager manager = OnnxGraph.newManager()) {
        long[] partShape = shape.getShape().clone();
        partShape[0] = part.size();
        FloatBuffer latent = all.slice(part.getFirst() * size, part.size() * size);
        addPictures(
            new Tensors(manager).floats("latent", out -> out.put(latent), partShape), images);
      }
    }
    return images;
  }

  private void addPictures(NDArray latents, List<Image> images) {
    ByteBuffer pixels = run(latents).get("image").toByteBuffer();
    while (pixels.hasRemaining()) {
      byte[] rgb = new byte[3 * height * width];
      pixels.get(rgb);
      images.add(new Image(width, height, rgb));
    }
  }

  /// Decodes one latent, to see that the graph is what the manifest says.
  void tryOut(NDArray latent) {
    graph.expect(run(latent), "image", 1, height, width, 3);
  }

  private NDList run(NDArray latents) {
    latents.setName("latent");
    return graph.run(new NDList(latents));
  }

  @Override
  public void close() {
    graph.close();
  }
}
