package io.espalier.standalone;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The packaged services as processes of their own, with a log file each: for benchmarks, and for
/// tests that kill them.
final class Processes implements AutoCloseable {

  private static final Path HOME = Path.of(System.getProperty("io.espalier.home", "."));
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(10);
  private static final Pattern LISTENING = Pattern.compile("Listening on: http://[^:]+:(\\d+)");

  /// A process.
  record Running(String name, Process process, Path log) {

    /// As `kill -9`: it does nothing more.
    void kill() {
      process.destroyForcibly();
      join();
    }

    void signal(String signal) {
      try {
        Process kill =
            new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start();
        if (kill.waitFor() != 0) {
          throw new IllegalStateException("no signal " + signal + " reached " + name);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    int join() {
      try {
        if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
          throw new IllegalStateException(name + " does not end");
        }
        return process.exitValue();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    String text() {
      try {
        return Files.readString(log);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /// Waits for words in the log.
    ///
    /// @throws IllegalStateException where the process ends without them, or takes too long
    Matcher awaitText(Pattern words) {
      long giveUp = System.nanoTime() + PATIENCE.toNanos();
      while (true) {
        boolean alive = process.isAlive();
        Matcher found = words.matcher(text());
        if (found.find()) {
          return found;
        }
        if (!alive || System.nanoTime() > giveUp) {
          throw new IllegalStateException(
              "%s %s: %s".formatted(name, alive ? "never said " + words : "ended", text()));
        }
        LockSupport.parkNanos(BETWEEN_LOOKS.toNanos());
      }
    }

    /// The address of the HTTP API, once there is one.
    String url() {
      return "http://127.0.0.1:" + awaitText(LISTENING).group(1);
    }
  }

  private final Path folder;
  private final List<Running> all = new ArrayList<>();

  /// @param folder for the logs
  Processes(Path folder) {
    this.folder = folder;
  }

  /// Starts `espalier` as it is typed.
  Running espalier(String name, String... arguments) {
    return start(name, "standalone", Map.of(), arguments);
  }

  /// Starts a packaged application.
  ///
  /// @param module that it is built in
  Running start(String name, String module, Map<String, String> environment, String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                // A build in the background hands down that it ignores Ctrl-C.
                "env",
                "--default-signal=INT",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dio.espalier.home=" + HOME,
                "-Xmx320m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-jar",
                HOME.resolve(module).resolve("target/quarkus-app/quarkus-run.jar").toString()));
    command.addAll(List.of(arguments));
    Map<String, String> variables = new HashMap<>(environment);
    try {
      Path log = Files.createTempFile(folder, name + "-", ".log");
      ProcessBuilder builder =
          new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
      builder.environment().putAll(variables);
      Running running = new Running(name, builder.start(), log);
      all.add(running);
      return running;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Optional<Running> named(String name) {
    return all.stream().filter(running -> running.name().equals(name)).findFirst();
  }

  @Override
  public void close() {
    for (Running running : all.reversed()) {
      running.process().destroy();
    }
    all.forEach(Running::join);
  }
}
