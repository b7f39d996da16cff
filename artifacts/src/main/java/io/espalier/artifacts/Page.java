package io.espalier.artifacts;

import io.minio.messages.Item;
import io.minio.messages.ListBucketResultV2;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Up to a thousand keys of a listing.
///
/// @param next where the next page begins; null where this is the last
record Page(List<String> keys, @Nullable String next) {

  static final Page EMPTY = new Page(List.of(), null);

  static Page of(ListBucketResultV2 result) {
    // The items do not know how the document was encoded until they are told.
    result.contents().forEach(item -> item.setEncodingType(result.encodingType()));
    return new Page(
        result.contents().stream().map(Item::objectName).toList(),
        result.isTruncated() ? result.nextContinuationToken() : null);
  }
}
