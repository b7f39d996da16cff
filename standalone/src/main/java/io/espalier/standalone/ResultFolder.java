package io.espalier.standalone;

import io.espalier.beam.Png;
import io.espalier.contracts.TreeDocument;
import io.espalier.flow.Documents;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// The folder that a search writes. Files are written beside their places and moved there at the
/// end, so a search that is interrupted leaves nothing half-made.
final class ResultFolder {

  private static final String STAGING = ".espalier-partial";
  private static final int LONGEST_NAME = 60;

  private final Path folder;

  private ResultFolder(Path folder) {
    this.folder = folder;
  }

  /// Takes a folder that may be made or written to.
  ///
  /// @throws CommandException where it cannot
  static ResultFolder at(Path folder) {
    try {
      Path existing = nearestExisting(folder.toAbsolutePath());
      if (!Files.isDirectory(existing)) {
        throw new CommandException(
            "cannot write to %s: %s is a file; choose another --out".formatted(folder, existing));
      }
      Files.delete(Files.createTempFile(existing, STAGING, ""));
      return new ResultFolder(folder);
    } catch (IOException e) {
      throw new CommandException(
          "cannot write to %s: %s; choose another --out".formatted(folder, reason(e)), e);
    }
  }

  private static Path nearestExisting(Path path) {
    Path parent = path.getParent();
    return Files.exists(path) || parent == null ? path : nearestExisting(parent);
  }

  /// A folder that does not exist yet, named after the prompt.
  static ResultFolder named(String prompt) {
    String slug = prompt.toLowerCase(Locale.ROOT).replaceAll("[^\\p{L}\\p{N}]+", "-");
    String name = slug.substring(0, Math.min(slug.length(), LONGEST_NAME)).replaceAll("^-|-$", "");
    Path parent = Path.of("espalier-out");
    Path folder = parent.resolve(name.isEmpty() ? "search" : name);
    for (int number = 2; Files.exists(folder); number++) {
      folder = parent.resolve(name + "-" + number);
    }
    return at(folder);
  }

  Path path() {
    return folder;
  }

  /// Writes everything that a search leaves behind.
  void write(Searches.Outcome outcome) {
    TreeDocument tree = outcome.tree();
    Map<String, byte[]> files = new LinkedHashMap<>();
    answerImage(tree)
        .flatMap(outcome.images())
        .ifPresent(i -> files.put("result.png", Png.encode(i)));
    files.put("tree.json", Documents.json(tree).getBytes(StandardCharsets.UTF_8));
    files.put("sheet.png", Sheet.png(tree, outcome.images()));
    files.put("result.json", Documents.json(outcome.result()).getBytes(StandardCharsets.UTF_8));
    try {
      Files.createDirectories(folder);
      Path staging = Files.createTempDirectory(folder, STAGING);
      try {
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
          Files.write(staging.resolve(file.getKey()), file.getValue());
        }
        Files.deleteIfExists(folder.resolve("result.png"));
        for (String name : files.keySet()) {
          Files.move(
              staging.resolve(name),
              folder.resolve(name),
              StandardCopyOption.REPLACE_EXISTING,
              StandardCopyOption.ATOMIC_MOVE);
        }
      } finally {
        for (String name : files.keySet()) {
          Files.deleteIfExists(staging.resolve(name));
        }
        Files.deleteIfExists(staging);
      }
    } catch (IOException e) {
      throw new CommandException("cannot write to %s: %s".formatted(folder, reason(e)), e);
    }
  }

  private static Optional<String> answerImage(TreeDocument tree) {
    return tree.nodes().stream()
        .filter(node -> node.lineage().equals(tree.answer()))
        .findFirst()
        .map(TreeDocument.Node::image);
  }

  /// An I/O error in words.
  static String reason(IOException e) {
    return switch (e) {
      case java.nio.file.NoSuchFileException _ -> "there is no such file";
      case java.nio.file.AccessDeniedException _ -> "permission denied";
      case java.nio.file.FileSystemException f when f.getReason() != null -> f.getReason();
      default -> String.valueOf(e.getMessage());
    };
  }
}
