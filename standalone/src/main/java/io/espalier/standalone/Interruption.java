package io.espalier.standalone;

import java.io.PrintWriter;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;

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
      end();
    }
  }

  /// Ends the process by `_exit`. Model calls may be running, and both an orderly exit and
  /// [Runtime#halt(int)] let the C library free the runtime's memory under them.
  @SuppressWarnings("restricted") // the launcher enables native access
  private static void end() {
    Linker linker = Linker.nativeLinker();
    linker
        .defaultLookup()
        .find("_exit")
        .map(exit -> linker.downcallHandle(exit, FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT)))
        .ifPresent(
            exit -> {
              try {
                exit.invokeExact(Services.INTERRUPTED);
              } catch (Throwable e) {
                throw new IllegalStateException("_exit cannot be called", e);
              }
            });
    Runtime.getRuntime().halt(Services.INTERRUPTED);
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
