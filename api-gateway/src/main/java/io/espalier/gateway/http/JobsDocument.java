package io.espalier.gateway.http;

import io.espalier.gateway.jobs.Jobs;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Some jobs of the list, the newest first.
///
/// @param next the cursor that goes on with the list; absent at its end
public record JobsDocument(List<JobDocument> jobs, @Nullable String next) {

  static JobsDocument of(Jobs.Page page) {
    return new JobsDocument(
        page.jobs().stream().map(JobDocument::of).toList(),
        page.next() == null ? null : page.next().toString());
  }
}
