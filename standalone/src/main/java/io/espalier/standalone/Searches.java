package io.espalier.standalone;

import io.espalier.beam.Image;
import io.espalier.contracts.JobRequest;
import io.espalier.contracts.ResultDocument;
import io.espalier.contracts.TreeDocument;
import java.util.Optional;
import java.util.function.Function;

/// Runs searches, in this process or through the flow. Safe for any number of threads.
interface Searches {

  /// What one search left.
  ///
  /// @param images gives an image by its digest; may have to fetch it; safe for any number of
  ///     threads
  record Outcome(
      ResultDocument result, TreeDocument tree, Function<String, Optional<Image>> images) {}

  /// Runs a search; returns when it has ended.
  ///
  /// @throws InterruptedException where the calling thread is interrupted; the search is over
  ///     then
  Outcome run(JobRequest request, Watcher watcher) throws InterruptedException;
}
