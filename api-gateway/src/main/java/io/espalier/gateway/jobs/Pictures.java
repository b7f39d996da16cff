package io.espalier.gateway.jobs;

import io.espalier.artifacts.ArtifactException;
import io.espalier.artifacts.ArtifactStore;
import io.espalier.beam.Image;
import io.espalier.beam.Png;
import io.espalier.contracts.ArtifactKeys;
import io.espalier.contracts.Drawn;
import io.espalier.flow.service.RecentImages;
import io.espalier.flow.slice.StoredSlices;
import io.espalier.gateway.store.Job;
import io.espalier.gateway.store.JobStore;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.UUID;

/// What jobs leave in the store, to be read. Blocking.
@Singleton
public final class Pictures {

  private final JobStore jobs;
  private final Candidates candidates;
  private final ArtifactStore artifacts;
  private final StoredSlices slices;
  private final RecentImages recent;

  Pictures(JobStore jobs, Candidates candidates, ArtifactStore artifacts, RecentImages recent) {
    this.jobs = jobs;
    this.candidates = candidates;
    this.artifacts = artifacts;
    this.slices = new StoredSlices(artifacts);
    this.recent = recent;
  }

  /// The image that a job answers with, PNG.
  ///
  /// @throws JobException where there is none, or none yet
  public StoredBytes answer(UUID id) {
    return result(id, ArtifactKeys.resultImage(id.toString()), "image");
  }

  /// The whole search, JSON.
  ///
  /// @throws JobException where there is none, or none yet
  public StoredBytes tree(UUID id) {
    return result(id, ArtifactKeys.resultTree(id.toString()), "tree");
  }

  /// A candidate's image, PNG.
  ///
  /// @throws JobException where there is none, or none yet
  public StoredBytes candidate(UUID id, String lineage) {
    Job job = known(id);
    Drawn drawn =
        candidates
            .drawn(id, lineage)
            .orElseThrow(
                () ->
                    new JobException.NothingThere(
                        "job %s has no candidate '%s' that was scored; its events name those that were"
                            .formatted(id, lineage)));
    return new StoredBytes(drawn.image(), () -> Png.encode(image(job, lineage, drawn)));
  }

  private Image image(Job job, String lineage, Drawn drawn) {
    String id = job.id().toString();
    try {
      Map<String, Image> slice = recent.get(drawn.slice(), () -> slices.images(id, drawn.slice()));
      Image image = slice.get(drawn.image());
      if (image == null) {
        throw new IllegalStateException(
            "%s does not hold the image of candidate '%s'"
                .formatted(ArtifactKeys.slice(id, drawn.slice()), lineage));
      }
      return image;
    } catch (ArtifactException.NotFound _) {
      throw new JobException.NothingThere(
          "the image of candidate '%s' of job %s is not in the store%s"
              .formatted(
                  lineage,
                  job.id(),
                  job.status().ended()
                      ? "; candidates are kept for a while after their job's end"
                      : ""));
    }
  }

  private StoredBytes result(UUID id, String key, String what) {
    Job job = known(id);
    if (!job.status().ended()) {
      throw new JobException.NothingThere(
          "job %s is %s and has no %s yet; GET /v1/jobs/%s/events tells when it has"
              .formatted(id, job.status().word(), what, id));
    }
    // Written once: its place says what it is.
    return new StoredBytes(key, () -> result(job, key, what));
  }

  private byte[] result(Job job, String key, String what) {
    try {
      return artifacts.get(key);
    } catch (ArtifactException.NotFound _) {
      throw new JobException.NothingThere(
          "job %s has ended as %s without %s%s"
              .formatted(
                  job.id(),
                  job.status().word(),
                  what.equals("image") ? "an image" : "a tree",
                  job.reason().isEmpty() ? "" : ": " + job.reason()));
    }
  }

  private Job known(UUID id) {
    return jobs.job(id).orElseThrow(() -> new JobException.Unknown(id.toString()));
  }
}
