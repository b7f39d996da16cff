package io.espalier.standalone;

import java.io.PrintWriter;

/// Ctrl-C: says in one line what became of the work, and ends the process. What is being written
/// is written whole first.
final class Interruption implements AutoCloseable {

  /// What a shell says of a process that Ctrl-C ended.
  private static final int STATUS = 130;

  private final PrintWriter err;
  private final int jobs;
  private final Thread hook = Thread.ofPlatform().unstarted(this::say);
  private int written;

  Interruption(PrintWriter err, int jobs) {
    this.err = err;
    this.jobs = jobs;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /// Writes one job's results; an interruption waits until it is done.
  synchronized void write(Runnable results) {
    results.run();
    written++;
  }

  private synchronized void say() {
    err.printf(
        "%nespalier: interrupted; %s%n",
        written == 0
            ? "nothing was written"
            : "%d of %d searches were written".formatted(written, jobs));
    err.flush();
    // Model calls may be running: an orderly exit would free the runtime's memory under them.
    Runtime.getRuntime().halt(STATUS);
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException _) {
      // The process is already ending, and the hook is what ends it.
    }
  }
}
