package io.espalier.contracts;

import org.jspecify.annotations.Nullable;

/// `search.jobs`: what pruning is asked to do.
public sealed interface JobRecord {

  String jobId();

  /// Begin a search.
  ///
  /// @param submittedAt milliseconds since 1970
  /// @param deadlineAt when to answer with what there is; milliseconds since 1970
  record Submitted(
      String jobId,
      String tenant,
      int priority,
      long submittedAt,
      @Nullable Long deadlineAt,
      JobSpec spec)
      implements JobRecord {}

  /// Stop a search.
  record Cancelled(String jobId) implements JobRecord {}
}
