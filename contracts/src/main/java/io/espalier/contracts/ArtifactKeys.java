package io.espalier.contracts;

/// Where artifacts lie in the store.
public final class ArtifactKeys {

  /// Candidates' artifacts, swept some time after their job has ended.
  public static final String CANDIDATES = "candidates/";

  /// Results, kept until their job is deleted.
  public static final String RESULTS = "results/";

  private ArtifactKeys() {}

  /// Everything that a job's candidates left.
  public static String candidates(String jobId) {
    return CANDIDATES + jobId + "/";
  }

  /// The bits and images of a slice's candidates.
  ///
  /// @param name says what was drawn
  public static String slice(String jobId, String name) {
    return candidates(jobId) + name + ".slice";
  }

  /// Everything that a job's result consists of.
  public static String results(String jobId) {
    return RESULTS + jobId + "/";
  }

  public static String resultImage(String jobId) {
    return results(jobId) + "image.png";
  }

  public static String resultBits(String jobId) {
    return results(jobId) + "image.bits";
  }

  public static String resultTree(String jobId) {
    return results(jobId) + "tree.json";
  }
}
