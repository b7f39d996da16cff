package io.espalier.infra;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.gaul.s3proxy.blobstore.ForwardingBlobStore;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.S3Object;

/// Hides objects that are still being written.
///
/// The file store writes an object beside its place, under its key and a random UUID, and then
/// renames it; until then it lists the draft like any object, and for good where the process was
/// killed. So no key may end like one of its drafts.
final class WholeObjects extends ForwardingBlobStore {

  private static final Pattern DRAFT =
      Pattern.compile("-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\\z");

  WholeObjects(BlobStore files) {
    super(files);
  }

  /// Deletes the drafts of a process that was killed.
  static void sweep(Path folder) throws IOException {
    try (Stream<Path> files =
        Files.find(
            folder,
            Integer.MAX_VALUE,
            (path, file) -> file.isRegularFile() && isDraft(path.toString()))) {
      for (Path draft : (Iterable<Path>) files::iterator) {
        Files.deleteIfExists(draft);
      }
    }
  }

  @Override
  public ListObjectsV2Response list(ListObjectsV2Request request) {
    ListObjectsV2Response page = super.list(request);
    List<S3Object> whole =
        page.contents().stream().filter(object -> !isDraft(object.key())).toList();
    return page.toBuilder().contents(whole).build();
  }

  private static boolean isDraft(String name) {
    return DRAFT.matcher(name).find();
  }
}
