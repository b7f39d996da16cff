package io.espalier.standalone;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/// Where the server that holds a data folder is to be found: a file there, for as long as it
/// runs.
final class Address {

  private static final String FILE = "address";

  private Address() {}

  /// The address of the server on a folder. A server that was killed leaves its own behind.
  static Optional<URI> of(Path data) {
    try {
      return Optional.of(URI.create(Files.readString(data.resolve(FILE)).strip()));
    } catch (IOException _) {
      return Optional.empty();
    }
  }

  static void write(Path data, URI address) {
    try {
      Path draft = Files.writeString(data.resolve(FILE + ".draft"), address + "\n");
      Files.move(draft, data.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new CommandException(
          "%s cannot be written: %s".formatted(data.resolve(FILE), ResultFolder.reason(e)), e);
    }
  }

  static void remove(Path data) {
    try {
      Files.deleteIfExists(data.resolve(FILE));
    } catch (IOException e) {
      throw new CommandException(
          "%s cannot be removed: %s".formatted(data.resolve(FILE), ResultFolder.reason(e)), e);
    }
  }
}
