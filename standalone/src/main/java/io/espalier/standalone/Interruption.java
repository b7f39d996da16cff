package io.espalier.standalone;

import java.io.PrintWriter;

/// Ctrl-C where models run in this process alone: says in one line what became of the work, and
/// ends the process. What is being written is written whole first.
final class Interruption implements AutoCloseable {

  private final PrintWriter err;
  private final Written written;
  private final Thread hook = Thread.ofPlatform().unstarted(this::say);

  Interruption(PrintWriter err, Written written) {
    this.err = err;
    this.written = written;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  private void say() {
    synchronized (written) {
      err.printf("%nespalier: interrupted; %s%n", written);
      err.flush();
      // Model calls may be running: an orderly exit would free the runtime's memory under them.
      Runtime.getRuntime().halt(Services.INTERRUPTED);
    }
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
