package io.espalier.flow.service;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.espalier.beam.Image;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.function.Supplier;

/// Images that this process drew or fetched lately, slice by slice, up to a number of bytes. The
/// next reader of a slice need not fetch, check and decode it again. Safe for any number of
/// threads.
@Singleton
public final class RecentImages {

  private final Cache<String, Map<String, Image>> bySlice;

  @Inject
  RecentImages(FlowConfig config) {
    this(config.artifacts().recentImages().asLongValue());
  }

  /// Remembers up to so many bytes of pixels.
  public RecentImages(long bytes) {
    bySlice =
        Caffeine.newBuilder()
            .maximumWeight(bytes)
            .weigher((String _, Map<String, Image> images) -> weight(images))
            .build();
  }

  private static int weight(Map<String, Image> images) {
    long bytes = images.values().stream().mapToLong(image -> image.rgb().length).sum();
    return (int) Math.min(Integer.MAX_VALUE, bytes);
  }

  /// Remembers a slice.
  ///
  /// @param images by digest
  public void put(String slice, Map<String, Image> images) {
    bySlice.put(slice, images);
  }

  /// The images of a slice by their digests; where several ask for one that is not there, one of
  /// them fetches it.
  public Map<String, Image> get(String slice, Supplier<Map<String, Image>> fetch) {
    return bySlice.get(slice, _ -> fetch.get());
  }
}
