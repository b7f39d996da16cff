package io.espalier.artifacts;

import io.minio.messages.DeleteError;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Removes keys by the thousand and remembers those that stay. Not thread-safe.
///
/// Keys that a server names as not removed are asked for again while their errors pass. Some
/// servers fail the whole request for one key, or know no such requests. Then each key is removed
/// by itself.
final class Removal {

  private static final Set<String> GONE = Set.of("NoSuchKey", "NoSuchVersion");
  private static final Set<String> UNKNOWN_REQUEST =
      Set.of("MalformedXML", "MethodNotAllowed", "NotImplemented");
  private static final int EXAMPLES = 3;

  private final S3Artifacts store;
  private final Map<String, String> examples = new LinkedHashMap<>();
  private long removed;
  private long left;

  Removal(S3Artifacts store) {
    this.store = store;
  }

  /// @param keys at most a thousand
  /// @throws ArtifactException where the server is away, or refuses every removal
  void remove(List<String> keys) {
    if (keys.isEmpty()) {
      return;
    }
    // What is left, and why: empty before the first answer.
    Map<String, String> waiting = new LinkedHashMap<>();
    keys.forEach(key -> waiting.put(key, ""));
    String what =
        "remove %d artifacts, the first of them %s".formatted(keys.size(), keys.getFirst());
    try {
      store.call(what, keys.getFirst(), turn -> inOneRequest(turn, waiting));
    } catch (ArtifactException.NotFound _) {
      waiting.clear(); // the bucket is gone
    } catch (ArtifactException.Unreachable e) {
      boolean each = waiting.values().stream().noneMatch(String::isEmpty);
      if (!each && !e.answered()) {
        throw e;
      }
      if (!each) {
        oneByOne(waiting);
      }
    } catch (ArtifactException.Refused e) {
      if (!UNKNOWN_REQUEST.contains(e.code())) {
        throw e;
      }
      oneByOne(waiting);
    }
    removed += keys.size() - waiting.size();
    left += waiting.size();
    waiting.entrySet().stream()
        .limit(EXAMPLES - examples.size())
        .forEach(entry -> examples.put(entry.getKey(), entry.getValue()));
  }

  private boolean inOneRequest(S3Artifacts.Turn turn, Map<String, String> waiting)
      throws Exception {
    List<String> keys = List.copyOf(waiting.keySet());
    Map<String, String> stayed = new LinkedHashMap<>();
    boolean passing = false;
    for (DeleteError error : turn.await(attempt -> attempt.remove(store.bucket(), keys))) {
      if (!GONE.contains(error.code())) {
        Fault fault = Fault.of(error.code(), error.message());
        passing |= fault.isPassing();
        if (waiting.containsKey(error.objectName())) {
          stayed.put(error.objectName(), fault.reason());
        } else {
          // Of the whole request: nothing is known to be gone.
          keys.forEach(key -> stayed.putIfAbsent(key, fault.reason()));
        }
      }
    }
    waiting.keySet().retainAll(stayed.keySet());
    waiting.replaceAll((key, _) -> stayed.getOrDefault(key, ""));
    if (passing) {
      throw new IOException("some artifacts were not removed: " + stayed);
    }
    return true;
  }

  private void oneByOne(Map<String, String> waiting) {
    for (String key : List.copyOf(waiting.keySet())) {
      try {
        store.delete(key);
        waiting.remove(key);
      } catch (ArtifactException.Unreachable e) {
        if (!e.answered()) {
          throw e;
        }
        waiting.put(key, String.valueOf(e.getMessage()));
      } catch (ArtifactException.Refused | ArtifactException.InvalidKey e) {
        waiting.put(key, String.valueOf(e.getMessage()));
      }
    }
  }

  /// @throws ArtifactException.Incomplete where some keys were not removed
  void check(String what) {
    if (left > 0) {
      throw new ArtifactException.Incomplete(what, store.toString(), removed, left, examples);
    }
  }
}
