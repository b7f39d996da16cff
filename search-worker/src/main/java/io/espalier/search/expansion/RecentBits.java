package io.espalier.search.expansion;

import io.espalier.beam.Bits;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/// Bits that this worker has drawn or fetched lately: the next scale often asks for them. Safe
/// for any number of threads.
final class RecentBits {

  private static final int REMEMBERED = 512;

  private final Map<String, Bits> byDigest =
      Collections.synchronizedMap(
          new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Bits> eldest) {
              return size() > REMEMBERED;
            }
          });

  void put(String digest, Bits bits) {
    byDigest.put(digest, bits);
  }

  Bits get(String digest, Supplier<Bits> fetch) {
    Bits known = byDigest.get(digest);
    if (known != null) {
      return known;
    }
    Bits fetched = fetch.get();
    put(digest, fetched);
    return fetched;
  }
}
