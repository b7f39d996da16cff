package io.espalier.artifacts;

import java.util.stream.Stream;

/// Bytes under keys such as `candidates/{job}/{name}.slice`, shared by all processes of a
/// deployment.
///
/// **Keys.** A key is one or more names with a slash between them. It has at most 1,024 bytes of
/// UTF-8, each name at most 200. A name is not empty, is not `.` or `..`, has no control
/// characters and does not begin or end with a space. Every S3 server takes such a key. For any
/// other key a call throws [ArtifactException.InvalidKey] and does not ask the server.
///
/// **Threads.** Thread-safe. Every call blocks, so no call belongs on an event loop. An interrupt
/// ends a call with [ArtifactException.Interrupted], and the thread stays interrupted.
///
/// **Time and errors.** A call takes at most the store's patience, whatever hangs. Until then it
/// is tried again while the server is away, busy or in trouble, and after that it throws
/// [ArtifactException.Unreachable]. What the server refuses throws [ArtifactException.Refused] at
/// once. [#list] and [#deleteAll] have this patience for each thousand keys.
public interface ArtifactStore {

  /// Keeps bytes under a key, whole or not at all, in place of what was there. Readers that begin
  /// after this returns see them.
  ///
  /// @param contentType such as `image/png`
  void put(String key, byte[] bytes, String contentType);

  /// The bytes under a key, all at once.
  ///
  /// @throws ArtifactException.NotFound where there is no such artifact
  byte[] get(String key);

  /// The first bytes under a key, in one request: so many, or all where there are fewer.
  ///
  /// @param length at least 1
  /// @throws ArtifactException.NotFound where there is no such artifact
  byte[] head(String key, int length);

  boolean exists(String key);

  /// Copies within the store, in place of what was at the target.
  ///
  /// @throws ArtifactException.NotFound where there is no artifact under the source
  void copy(String from, String to);

  /// Removes a key; one that is not there is no error.
  void delete(String key);

  /// All keys with a prefix, in the server's order. At most a thousand of them are held at a time:
  /// the stream asks for more as it is read, and its operations throw what calls throw.
  ///
  /// @param prefix a key and a slash
  Stream<String> list(String prefix);

  /// Removes all keys with a prefix, a thousand in each request. A key that cannot be removed does
  /// not keep the others.
  ///
  /// @param prefix a key and a slash, so that a missing name never widens what is removed
  /// @throws ArtifactException.Incomplete where some keys could not be removed
  void deleteAll(String prefix);
}
