package io.espalier.bench.flow;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.espalier.bench.BenchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;

/// What one run of the benchmark measured, and where.
///
/// @param at when, ISO 8601
/// @param version the program's
public record Recording(String at, String version, Machine machine, List<Measured> measured) {

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  /// What it ran on: only recordings of equal machines compare but by their ratios.
  ///
  /// @param processor its model
  /// @param cores how many of them
  /// @param gibibytes of memory, rounded
  public record Machine(String processor, int cores, long gibibytes) {}

  public Recording {
    measured = List.copyOf(measured);
  }

  /// One that was written before.
  ///
  /// @throws BenchException where the file is none
  public static Recording read(Path file) {
    try {
      return JSON.readValue(file.toFile(), Recording.class);
    } catch (JsonProcessingException e) {
      throw new BenchException(
          "%s is no recording of this benchmark: %s".formatted(file, e.getOriginalMessage()), e);
    } catch (IOException e) {
      throw new BenchException("%s cannot be read: %s".formatted(file, e.getMessage()), e);
    }
  }

  /// Writes it, whole or not at all.
  public void write(Path file) {
    try {
      Path parent = file.toAbsolutePath().getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      Path beside = file.resolveSibling(file.getFileName() + ".part");
      JSON.writeValue(beside.toFile(), this);
      Files.move(beside, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new BenchException("%s cannot be written: %s".formatted(file, e.getMessage()), e);
    }
  }

  Optional<Measured> of(String part, String name) {
    return measured.stream()
        .filter(each -> each.part().equals(part) && each.name().equals(name))
        .findFirst();
  }
}
