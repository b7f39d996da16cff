package io.espalier.standalone;

/// How many of a command's searches are on the disk.
final class Written {

  private final int jobs;
  private int written;

  Written(int jobs) {
    this.jobs = jobs;
  }

  /// Writes one job's results.
  synchronized void write(Runnable results) {
    results.run();
    written++;
  }

  @Override
  public synchronized String toString() {
    return written == 0
        ? "nothing was written"
        : "%d of %d searches were written".formatted(written, jobs);
  }
}
