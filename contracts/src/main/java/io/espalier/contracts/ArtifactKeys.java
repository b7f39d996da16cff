package io.espalier.contracts;

/// Where artifacts lie in the store. Those of candidates are named by their content alone, so a
/// repeated draw writes the same object again, and a digest in a record is all the reference that
/// it takes.
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

  /// A candidate's image, PNG.
  public static String image(String jobId, String digest) {
    return candidates(jobId) + digest + ".png";
  }

  /// The bits of a candidate's whole rollout, packed.
  public static String bits(String jobId, String digest) {
    return candidates(jobId) + digest + ".bits";
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
