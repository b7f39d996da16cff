package io.espalier.models;

import io.espalier.models.ModelException.BadBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The bundles that are installed: the folders in one folder.
public final class Bundles {

  private final Path folder;

  public Bundles(Path folder) {
    this.folder = folder;
  }

  /// Every folder that holds a manifest, by name. They are not opened.
  public List<Path> folders() {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries
          .filter(entry -> Files.isRegularFile(entry.resolve(Manifest.FILE)))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new BadBundle("%s cannot be listed: %s".formatted(folder, e.getMessage()), e);
    }
  }

  /// Opens a bundle by its folder's name, or by a path.
  ///
  /// @throws BadBundle where there is none, naming those that there are
  public Bundle open(String nameOrPath) {
    Path installed = folder.resolve(nameOrPath);
    if (Files.isDirectory(installed)) {
      return Bundle.open(installed);
    }
    Path path = Path.of(nameOrPath);
    if (Files.isDirectory(path)) {
      return Bundle.open(path);
    }
    String names =
        folders().stream().map(p -> p.getFileName().toString()).collect(Collectors.joining(", "));
    throw new BadBundle(
        "there is no bundle '%s'; in %s there %s"
            .formatted(nameOrPath, folder, names.isEmpty() ? "is none" : "are " + names));
  }
}
