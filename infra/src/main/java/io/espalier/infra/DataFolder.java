package io.espalier.infra;

import io.espalier.infra.InfraException.DataFolderInUse;
import io.espalier.infra.InfraException.DataFolderNotWritable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The folder that all servers' folders lie in, held by one process at a time: the lock goes with
/// the process, however that ends.
final class DataFolder implements AutoCloseable {

  /// Held by this process. To open the lock file once more would be to lose the lock: POSIX drops
  /// it when *any* descriptor of the file is closed.
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path path;
  private final FileChannel lock;

  private DataFolder(Path path, FileChannel lock) {
    this.path = path;
    this.lock = lock;
  }

  /// @throws DataFolderNotWritable where it cannot be made or written
  /// @throws DataFolderInUse where another process, or this one, holds it
  static DataFolder hold(Path wanted) {
    Path path = ServerFolder.create(wanted);
    if (!HELD.add(path)) {
      throw inUse(path, holder());
    }
    try {
      return new DataFolder(path, lock(path));
    } catch (RuntimeException e) {
      HELD.remove(path);
      throw e;
    }
  }

  private static FileChannel lock(Path path) {
    Path file = path.resolve("lock");
    try {
      FileChannel channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      if (channel.tryLock() == null) {
        channel.close();
        throw inUse(path, Files.readString(file));
      }
      channel.truncate(0);
      channel.write(ByteBuffer.wrap(holder().getBytes(StandardCharsets.UTF_8)));
      return channel;
    } catch (IOException e) {
      throw new DataFolderNotWritable(
          "%s cannot be locked (%s); choose another data folder, or let this user write there"
              .formatted(file, e),
          e);
    }
  }

  private static String holder() {
    return "process %d since %s"
        .formatted(
            ProcessHandle.current().pid(),
            ProcessHandle.current()
                .info()
                .startInstant()
                .orElseGet(Instant::now)
                .truncatedTo(ChronoUnit.SECONDS));
  }

  private static DataFolderInUse inUse(Path path, String holder) {
    return new DataFolderInUse(
        "%s is in use by %s; end that process, or choose another data folder"
            .formatted(path, holder));
  }

  Path server(String name) {
    return path.resolve(name);
  }

  @Override
  public void close() {
    try {
      lock.close();
    } catch (IOException _) {
      // The lock is gone with its descriptor, whatever closing it said.
    }
    HELD.remove(path);
  }
}
