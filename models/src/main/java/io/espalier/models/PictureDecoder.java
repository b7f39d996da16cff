package io.espalier.models;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import io.espalier.beam.Image;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// A bundle's `decode.onnx`: latents to pictures. Thread-safe.
final class PictureDecoder implements AutoCloseable {

  private final OnnxGraph graph;
  private final int height;
  private final int width;

  /// @param image the picture's height and width
  PictureDecoder(Bundle bundle, List<Integer> image, int threads) {
    graph = OnnxGraph.load(bundle.file("decode.onnx"), threads, Set.of("latent"));
    height = image.get(0);
    width = image.get(1);
  }

  /// Decodes latents float [N, d, H, W], which it takes as they lie.
  List<Image> decode(NDArray latents) {
    ByteBuffer pixels = run(latents).get("image").toByteBuffer();
    List<Image> images = new ArrayList<>();
    while (pixels.hasRemaining()) {
      byte[] rgb = new byte[3 * height * width];
      pixels.get(rgb);
      images.add(new Image(width, height, rgb));
    }
    return images;
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
