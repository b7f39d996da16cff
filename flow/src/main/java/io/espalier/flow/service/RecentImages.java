package io.espalier.flow.service;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.espalier.beam.Image;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.function.Supplier;

/// Images that this process drew or fetched lately, by digest, up to a number of bytes. The next
/// reader of one need not fetch, check and decode it again. Safe for any number of threads.
@Singleton
public final class RecentImages {

  private final Cache<String, Image> byDigest;

  @Inject
  RecentImages(FlowConfig config) {
    this(config.artifacts().recentImages().asLongValue());
  }

  /// Remembers up to so many bytes of pixels.
  public RecentImages(long bytes) {
    byDigest =
        Caffeine.newBuilder()
            .maximumWeight(bytes)
            .weigher((String _, Image image) -> image.rgb().length)
            .build();
  }

  /// Remembers an image.
  public void put(String digest, Image image) {
    byDigest.put(digest, image);
  }

  /// The image of a digest; where several ask for one that is not there, one of them fetches it.
  public Image get(String digest, Supplier<Image> fetch) {
    return byDigest.get(digest, _ -> fetch.get());
  }
}
