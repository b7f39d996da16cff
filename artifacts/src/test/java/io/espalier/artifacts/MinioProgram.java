package io.espalier.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// MinIO's own server program. It comes as source only, so it is built with Go, once for each
/// user, and kept in the cache folder: `espalier/minio` there can be removed to have it built
/// anew.
///
/// Of several processes that want it, one builds and the others wait. It appears whole or not at
/// all.
final class MinioProgram {

  private static final String SOURCE = "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c";
  private static final int LONGEST_BUILD_IN_MINUTES = 20;

  /// Says what this machine lacks, in one line.
  static final class CannotBeBuilt extends Exception {
    CannotBeBuilt(String reason) {
      super("MinIO's server cannot be built: " + reason);
    }
  }

  private MinioProgram() {}

  /// The program, built if need be, which takes some minutes. What goes wrong in a build is
  /// printed on the standard error output.
  static Path built() throws CannotBeBuilt, InterruptedException {
    Path folder = cache().resolve("espalier").resolve("minio");
    Path program = folder.resolve("minio");
    if (Files.isExecutable(program)) {
      return program;
    }
    try {
      Files.createDirectories(folder);
      try (FileChannel channel = open(folder.resolve("lock"));
          FileLock _ = channel.lock()) {
        if (!Files.isExecutable(program)) {
          Files.move(build(folder), program, StandardCopyOption.ATOMIC_MOVE);
        }
      }
      return program;
    } catch (IOException e) {
      throw new CannotBeBuilt("%s cannot be written (%s)".formatted(folder, e));
    }
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

  private static Path build(Path folder) throws CannotBeBuilt, IOException, InterruptedException {
    Optional<Path> go = go();
    if (go.isEmpty()) {
      throw new CannotBeBuilt("there is no go on the PATH; install Go");
    }
    Path draft = Files.createDirectories(folder.resolve("draft"));
    Path log = folder.resolve("build.log");
    ProcessBuilder builder =
        new ProcessBuilder(go.get().toString(), "install", SOURCE)
            .directory(draft.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().put("GOBIN", draft.toString());
    // No C compiler is needed.
    builder.environment().put("CGO_ENABLED", "0");
    say("Building MinIO's server into %s (once; some minutes)…".formatted(folder));
    Process process = builder.start();
    boolean ended = process.waitFor(LONGEST_BUILD_IN_MINUTES, TimeUnit.MINUTES);
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    int status = process.destroyForcibly().waitFor();
    Path program = draft.resolve("minio");
    if (status != 0 || !Files.isExecutable(program)) {
      say(Files.readString(log, UTF_8).strip());
      throw new CannotBeBuilt(
          ended
              ? "go failed and said why, see above"
              : "go had not ended after %d minutes".formatted(LONGEST_BUILD_IN_MINUTES));
    }
    return program;
  }

  /// The first on the PATH, or the one where Go's own instructions put it.
  private static Optional<Path> go() {
    String path = System.getenv().getOrDefault("PATH", "");
    return Stream.concat(Stream.of(path.split(File.pathSeparator)), Stream.of("/usr/local/go/bin"))
        .map(folder -> Path.of(folder, "go"))
        .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
        .findFirst();
  }

  private static void say(String message) {
    System.err.println(message);
  }
}
