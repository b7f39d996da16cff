package io.espalier.models;

import io.espalier.models.ModelException.BadBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The key of a remote endpoint, read once. No text that this house writes shows it.
final class ApiKey {

  private static final String REDACTED = "***";

  private final @Nullable String variable;
  private final String secret;

  private ApiKey(@Nullable String variable, String secret) {
    this.variable = variable;
    this.secret = secret;
  }

  /// Reads the key from a variable, or from the file that the variable with `_FILE` after its
  /// name names.
  ///
  /// @param verifier for messages
  /// @param variable absent where the endpoint needs no key
  /// @throws BadBundle where there is no key
  static ApiKey read(String verifier, @Nullable String variable, Map<String, String> environment) {
    if (variable == null) {
      return new ApiKey(null, "");
    }
    String secret = environment.getOrDefault(variable, "").strip();
    String file = environment.getOrDefault(variable + "_FILE", "");
    if (secret.isEmpty() && !file.isEmpty()) {
      secret = readFile(verifier, variable, file);
    }
    if (secret.isEmpty()) {
      throw new BadBundle(
          "verifier %s needs a key: put it into the environment variable %s, or its file's path into %s_FILE"
              .formatted(verifier, variable, variable));
    }
    if (!secret.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
      throw new BadBundle(
          "verifier %s: what %s holds cannot be a key: it has a character that no HTTP header takes"
              .formatted(verifier, variable));
    }
    return new ApiKey(variable, secret);
  }

  private static String readFile(String verifier, String variable, String file) {
    try {
      return Files.readString(Path.of(file)).strip();
    } catch (IOException e) {
      throw new BadBundle(
          "verifier %s: the file %s, which %s_FILE names, cannot be read"
              .formatted(verifier, file, variable),
          e);
    }
  }

  /// The value of the header `Authorization`.
  Optional<String> authorization() {
    return variable == null ? Optional.empty() : Optional.of("Bearer " + secret);
  }

  /// What to do where the endpoint refuses it.
  String advice() {
    return variable == null
        ? "name the environment variable that holds its key in verifier.remote.keyVariable"
        : "put a key that it takes into the environment variable " + variable;
  }

  /// A text that others wrote, without the key.
  String redacted(String text) {
    return variable == null ? text : text.replace(secret, REDACTED);
  }
}
