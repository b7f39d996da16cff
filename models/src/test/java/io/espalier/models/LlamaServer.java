package io.espalier.models;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// llama.cpp's own server as a process on 127.0.0.1, with a small vision-language model of random
/// weights. It is a Python package, installed once for each user into an environment in the cache
/// folder, `espalier/llama-server` and its version, which can be removed.
final class LlamaServer implements AutoCloseable {

  private static final String VERSION = "2026.10.11549";
  private static final List<String> PACKAGES =
      List.of("xllamacpp==" + VERSION, "gguf==0.19.0", "numpy==2.4.6");
  private static final int LONGEST_INSTALLATION_IN_MINUTES = 10;

  /// Says what this machine lacks, in one line.
  static final class CannotBeInstalled extends Exception {
    CannotBeInstalled(String reason) {
      super("llama.cpp's server cannot be installed: " + reason);
    }
  }

  private final Process process;
  private final String address;

  /// Installs it if need be, starts it, and returns when it serves.
  ///
  /// @param folder takes the weights and the log
  /// @param key what it wants to see
  LlamaServer(Path folder, String key) throws Exception {
    Path python = python();
    Path program =
        Path.of(Objects.requireNonNull(getClass().getResource("llama_server.py")).toURI());
    Path log = folder.resolve("server.log");
    process =
        new ProcessBuilder(python.toString(), program.toString(), folder.toString(), key)
            .redirectError(log.toFile())
            .start();
    @Nullable String printed = process.inputReader().readLine();
    if (printed == null) {
      throw new IllegalStateException("it did not start: " + Files.readString(log, UTF_8));
    }
    address = printed;
  }

  String url() {
    return address + "/v1";
  }

  /// Of several processes that want it, one installs and the others wait.
  private static Path python() throws CannotBeInstalled, IOException, InterruptedException {
    Path environment = cache().resolve("espalier").resolve("llama-server-" + VERSION);
    Path complete = environment.resolve("complete");
    if (!Files.exists(complete)) {
      Files.createDirectories(environment);
      try (FileChannel channel = open(environment.resolveSibling("llama-server.lock"));
          FileLock _ = channel.lock()) {
        if (!Files.exists(complete)) {
          install(environment);
          Files.createFile(complete);
        }
      }
    }
    return environment.resolve("bin").resolve("python");
  }

  private static FileChannel open(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  private static Path cache() {
    String given = System.getenv("XDG_CACHE_HOME");
    return given == null || given.isEmpty()
        ? Path.of(System.getProperty("user.home"), ".cache")
        : Path.of(given);
  }

  private static void install(Path environment) throws CannotBeInstalled, InterruptedException {
    String python = Optional.ofNullable(System.getenv("PYTHON")).orElse("python3");
    run(environment, List.of(python, "-m", "venv", "--clear", environment.toString()));
    String pip = environment.resolve("bin").resolve("pip").toString();
    List<String> install = List.of(pip, "install", "--only-binary=:all:");
    run(environment, Stream.concat(install.stream(), PACKAGES.stream()).toList());
  }

  private static void run(Path environment, List<String> command)
      throws CannotBeInstalled, InterruptedException {
    Path log = environment.resolveSibling("llama-server.log");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      boolean ended = process.waitFor(LONGEST_INSTALLATION_IN_MINUTES, TimeUnit.MINUTES);
      if (!ended || process.exitValue() != 0) {
        process.destroyForcibly();
        throw new CannotBeInstalled(
            Files.readString(log, UTF_8)
                .lines()
                .reduce((_, last) -> last)
                .orElse("no reason given"));
      }
    } catch (IOException e) {
      throw new CannotBeInstalled(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
