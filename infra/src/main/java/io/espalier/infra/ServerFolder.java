package io.espalier.infra;

import io.espalier.infra.InfraException.DataFolderNotWritable;
import io.espalier.infra.InfraException.PortInUse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One server's folder: its data, and beside them its port and its password, which stay the same
/// from start to start. Only its owner can read any of it.
///
/// @param server its name, for messages
record ServerFolder(String server, Path path) {

  static final InetAddress HOST = InetAddress.ofLiteral("127.0.0.1");

  private static final Logger LOG = LoggerFactory.getLogger(ServerFolder.class);

  static ServerFolder open(String server, Path path) {
    return new ServerFolder(server, create(path));
  }

  /// Makes a folder where there is none.
  static Path create(Path path) {
    try {
      Path folder = path.toAbsolutePath().normalize();
      if (!Files.isDirectory(folder)) {
        Files.createDirectories(
            folder,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
      return folder.toRealPath();
    } catch (IOException e) {
      throw notWritable(path, e);
    }
  }

  Path data() {
    return path.resolve("data");
  }

  /// The port to listen on, free at this moment.
  ///
  /// @param wanted 0 for that of the last start, or any
  /// @throws PortInUse where the wanted port cannot be had
  int port(int wanted) {
    if (wanted != 0) {
      return listen(wanted);
    }
    int last = lastPort();
    try {
      return listen(last);
    } catch (PortInUse taken) {
      if (last == 0) {
        throw taken;
      }
      LOG.warn("{}; it moves to another", taken.getMessage());
      return listen(0);
    }
  }

  /// A port for the server's own use, another at every start.
  int freePort() {
    return open(0);
  }

  private int listen(int wanted) {
    int port = open(wanted);
    write("port", Integer.toString(port));
    return port;
  }

  private int open(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(HOST, port));
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new PortInUse(
          "%s cannot listen on port %d of %s: %s; end the process that has it, or choose another port"
              .formatted(server, port, HOST.getHostAddress(), e.getMessage()),
          e);
    }
  }

  private int lastPort() {
    Path file = path.resolve("port");
    return Files.exists(file) ? Integer.parseInt(read(file)) : 0;
  }

  /// The password, drawn at the first start.
  String password() {
    Path file = passwordFile();
    if (!Files.exists(file)) {
      byte[] password = new byte[20];
      new SecureRandom().nextBytes(password);
      write("password", HexFormat.of().formatHex(password));
    }
    return read(file);
  }

  Path passwordFile() {
    return path.resolve("password");
  }

  private String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw notWritable(file, e);
    }
  }

  /// Whole or not at all, whenever the process is killed.
  private void write(String name, String content) {
    try {
      Path draft = path.resolve(name + ".draft");
      Files.deleteIfExists(draft);
      Files.createFile(
          draft,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(draft, content);
      Files.move(draft, path.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw notWritable(path, e);
    }
  }

  /// What fills a folder.
  @FunctionalInterface
  interface Content {
    void writeTo(Path folder) throws IOException;
  }

  /// Makes a folder with its content, whole or not at all, whenever the process is killed.
  static void make(Path folder, Content content) throws IOException {
    Path draft = folder.resolveSibling(folder.getFileName() + ".draft");
    delete(draft);
    content.writeTo(Files.createDirectory(draft));
    Files.move(draft, folder, StandardCopyOption.ATOMIC_MOVE);
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> content = Files.walk(folder)) {
      for (Path path : (Iterable<Path>) content.sorted(Comparator.reverseOrder())::iterator) {
        Files.delete(path);
      }
    }
  }

  private static DataFolderNotWritable notWritable(Path path, IOException cause) {
    return new DataFolderNotWritable(
        "%s cannot be written (%s); choose another data folder, or let this user write there"
            .formatted(path, cause),
        cause);
  }
}
