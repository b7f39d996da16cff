package io.espalier.artifacts;

import java.util.List;

/// Bytes under keys such as `candidates/{job}/{digest}.png`, shared by all processes of a
/// deployment.
///
/// Every call blocks, so none belongs on an event loop. A call that cannot reach the store tries
/// again for the store's patience before it throws [ArtifactException.Unreachable]. Thread-safe.
public interface ArtifactStore {

  /// Keeps bytes under a key, whole or not at all, in place of what was there. Readers that begin
  /// after this returns see them.
  ///
  /// @param contentType such as `image/png`
  void put(String key, byte[] bytes, String contentType);

  /// The bytes under a key, all at once.
  ///
  /// @throws ArtifactException.NotFound where nothing lies under the key
  byte[] get(String key);

  boolean exists(String key);

  /// Copies within the store, in place of what was at the target.
  ///
  /// @throws ArtifactException.NotFound where nothing lies under the source
  void copy(String from, String to);

  /// Removes a key; one that is not there is no error.
  void delete(String key);

  /// All keys with a prefix, in the order of their UTF-8 bytes.
  List<String> list(String prefix);

  /// Removes all keys with a prefix.
  void deleteAll(String prefix);
}
