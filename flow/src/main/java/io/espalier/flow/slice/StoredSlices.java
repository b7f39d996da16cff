package io.espalier.flow.slice;

import io.espalier.artifacts.ArtifactStore;
import io.espalier.beam.Bits;
import io.espalier.beam.Drawing;
import io.espalier.beam.Image;
import io.espalier.beam.Rendition;
import io.espalier.contracts.ArtifactKeys;
import io.espalier.contracts.Drawn;
import io.espalier.flow.Sha256;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Slices in the store, each one object and each call one request. A slice is named by what was
/// drawn: a repeated draw writes the same object again, and a draw that came out otherwise another
/// one. Blocking; safe for any number of threads.
///
/// What is read is checked by its digests. Calls throw [ArtifactException] as the store does, and
/// [DamagedSliceException].
public final class StoredSlices {

  private static final String TYPE = "application/octet-stream";

  private final ArtifactStore artifacts;

  public StoredSlices(ArtifactStore artifacts) {
    this.artifacts = artifacts;
  }

  /// A candidate's bits and image.
  public record Content(Bits bits, Image image) {}

  /// Keeps what a slice gave.
  ///
  /// @return where each candidate lies, in their order
  public List<Drawn> put(String jobId, List<Drawing> drawings) {
    List<Rendition> renditions = drawings.stream().map(Drawing::rendition).toList();
    String name = name(renditions);
    artifacts.put(ArtifactKeys.slice(jobId, name), SliceObject.of(drawings), TYPE);
    List<Drawn> stored = new ArrayList<>();
    for (Rendition each : renditions) {
      stored.add(new Drawn(each.bits(), each.image(), name, stored.size()));
    }
    return stored;
  }

  private static String name(List<Rendition> renditions) {
    StringBuilder digests = new StringBuilder();
    renditions.forEach(each -> digests.append(each.bits()).append(each.image()));
    return Sha256.of(digests.toString().getBytes(StandardCharsets.UTF_8));
  }

  /// A candidate's bits, without fetching any image.
  ///
  /// @param longest how many bytes the bits of a candidate of this slice take at most
  public Bits bits(String jobId, Drawn drawn, int longest) {
    String key = ArtifactKeys.slice(jobId, drawn.slice());
    int length = SliceObject.beginning(drawn.index(), longest);
    return new SliceObject(key, artifacts.head(key, length)).bits(drawn);
  }

  /// The images of a slice that can be read, by their digests.
  public Map<String, Image> images(String jobId, String slice) {
    return get(jobId, slice).images();
  }

  /// All of a candidate.
  public Content content(String jobId, Drawn drawn) {
    SliceObject slice = get(jobId, drawn.slice());
    return new Content(slice.bits(drawn), slice.image(drawn));
  }

  private SliceObject get(String jobId, String slice) {
    String key = ArtifactKeys.slice(jobId, slice);
    return new SliceObject(key, artifacts.get(key));
  }
}
