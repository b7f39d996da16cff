package io.espalier.models;

import com.fasterxml.jackson.core.JacksonException;
import io.espalier.models.ModelException.BadBundle;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A folder with a manifest and the files that it names, every one of them there and unchanged.
///
/// @param digest the SHA-256 of the manifest, which holds those of all files: the bundle's
///     identity
/// @param bytes the size of all files
public record Bundle(Path folder, Manifest manifest, String digest, long bytes) {

  private static final List<String> GENERATOR_GRAPHS =
      List.of("text.onnx", "rollout.onnx", "decode.onnx");
  private static final List<String> DIFFUSION_GRAPHS =
      List.of("text.onnx", "sample.onnx", "decode.onnx");
  private static final List<String> VERIFIER_GRAPHS = List.of("verifier.onnx");
  private static final int MOST_SIMULATED_SECONDS = 3600;

  /// Reads a folder and checks it.
  ///
  /// @throws BadBundle where something is missing or not as the manifest says
  public static Bundle open(Path folder) {
    Path file = folder.resolve(Manifest.FILE);
    if (!Files.isRegularFile(file)) {
      throw new BadBundle("%s is no bundle: it has no %s".formatted(folder, Manifest.FILE));
    }
    try {
      byte[] json = Files.readAllBytes(file);
      Manifest manifest = Manifest.JSON.readValue(json, Manifest.class);
      check(folder, manifest);
      long bytes = json.length;
      for (Map.Entry<String, String> entry : manifest.files().entrySet()) {
        bytes += checkFile(folder, entry.getKey(), entry.getValue());
      }
      return new Bundle(folder, manifest, HexFormat.of().formatHex(sha256().digest(json)), bytes);
    } catch (JacksonException e) {
      throw new BadBundle("%s: %s".formatted(file, e.getOriginalMessage()), e);
    } catch (IOException e) {
      throw new BadBundle("%s cannot be read: %s".formatted(folder, e.getMessage()), e);
    }
  }

  public Path file(String name) {
    return folder.resolve(name);
  }

  /// The text tokenizer.
  ///
  /// @throws BadBundle where there is none, as for a remote or simulated model
  public Path tokenizer() {
    return file(required(manifest.tokenizer(), folder, "tokenizer"));
  }

  /// What the manifest says of the generator.
  ///
  /// @throws BadBundle where this is none
  public Manifest.GeneratorPart generator() {
    Manifest.GeneratorPart part = manifest.generator();
    if (part == null) {
      throw new BadBundle(
          "%s is a %s, but a generator is needed here".formatted(manifest.name(), manifest.kind()));
    }
    return part;
  }

  /// What the manifest says of the diffusion generator.
  ///
  /// @throws BadBundle where this is none
  public Manifest.DiffusionPart diffusion() {
    Manifest.DiffusionPart part = manifest.diffusion();
    if (part == null) {
      throw new BadBundle(
          "%s is a %s, but a diffusion generator is needed here"
              .formatted(manifest.name(), manifest.kind()));
    }
    return part;
  }

  /// What the manifest says of the verifier.
  ///
  /// @throws BadBundle where this is none
  public Manifest.VerifierPart verifier() {
    Manifest.VerifierPart part = manifest.verifier();
    if (part == null) {
      throw new BadBundle(
          "%s is a %s, but a verifier is needed here".formatted(manifest.name(), manifest.kind()));
    }
    return part;
  }

  private static void check(Path folder, Manifest manifest) {
    require(
        manifest.schema() == Manifest.SCHEMA,
        folder,
        "schema is %d, but this version reads %d".formatted(manifest.schema(), Manifest.SCHEMA));
    Manifest.Memory memory = manifest.memory();
    require(
        memory == null || (memory.sequence() > 0 && memory.picture() > 0),
        folder,
        "memory.sequence and memory.picture must be positive");
    switch (manifest.kind()) {
      case Manifest.GENERATOR -> checkGenerator(folder, manifest);
      case Manifest.DIFFUSION -> checkDiffusion(folder, manifest);
      case Manifest.VERIFIER -> checkVerifier(folder, manifest);
      default ->
          throw new BadBundle(
              "%s: %s: kind is '%s', but can be %s, %s or %s"
                  .formatted(
                      folder,
                      Manifest.FILE,
                      manifest.kind(),
                      Manifest.GENERATOR,
                      Manifest.DIFFUSION,
                      Manifest.VERIFIER));
    }
  }

  private static void checkGenerator(Path folder, Manifest manifest) {
    Manifest.GeneratorPart part = required(manifest.generator(), folder, "generator");
    if (part.simulated() == null) {
      requireGraphs(folder, manifest, GENERATOR_GRAPHS);
    } else {
      checkSimulated(folder, part.simulated());
    }
    require(
        !part.scales().isEmpty()
            && part.scales().stream().allMatch(s -> s.size() == 2 && s.get(0) > 0 && s.get(1) > 0),
        folder,
        "generator.scales must be pairs of positive numbers");
    require(part.bitsPerToken() > 0, folder, "generator.bitsPerToken must be positive");
    require(
        part.latent().size() == 3, folder, "generator.latent must be [channels, height, width]");
    require(part.image().size() == 2, folder, "generator.image must be [height, width]");
    int scales = part.scales().size();
    require(
        part.guidance().size() == scales
            && part.temperature().size() == scales
            && part.topP().size() == scales,
        folder,
        "generator.guidance, temperature and topP must have a value for each of the "
            + scales
            + " scales");
  }

  private static void checkDiffusion(Path folder, Manifest manifest) {
    Manifest.DiffusionPart part = required(manifest.diffusion(), folder, "diffusion");
    requireGraphs(folder, manifest, DIFFUSION_GRAPHS);
    require(part.steps() > 0, folder, "diffusion.steps must be positive");
    require(
        part.latent().size() == 3, folder, "diffusion.latent must be [channels, height, width]");
    require(part.image().size() == 2, folder, "diffusion.image must be [height, width]");
  }

  private static void checkVerifier(Path folder, Manifest manifest) {
    Manifest.VerifierPart part = required(manifest.verifier(), folder, "verifier");
    require(part.std() > 0, folder, "verifier.std must be positive");
    require(
        part.remote() == null || part.simulated() == null,
        folder,
        "verifier.remote and verifier.simulated exclude each other");
    if (part.remote() != null) {
      checkRemote(folder, part.remote());
      return;
    }
    if (part.simulated() != null) {
      checkSimulated(folder, part.simulated());
      return;
    }
    requireGraphs(folder, manifest, VERIFIER_GRAPHS);
    int tokens = required(part.tokens(), folder, "verifier.tokens");
    require(tokens > 0, folder, "verifier.tokens must be positive");
  }

  private static void checkSimulated(Path folder, Manifest.SimulatedGeneratorPart part) {
    checkSeconds(folder, "generator.simulated.callSeconds", part.callSeconds());
    checkSeconds(folder, "generator.simulated.sequenceSeconds", part.sequenceSeconds());
    checkSeconds(folder, "generator.simulated.imageSeconds", part.imageSeconds());
    require(part.sequences() > 0, folder, "generator.simulated.sequences must be positive");
  }

  private static void checkSimulated(Path folder, Manifest.SimulatedVerifierPart part) {
    checkSeconds(folder, "verifier.simulated.callSeconds", part.callSeconds());
    checkSeconds(folder, "verifier.simulated.imageSeconds", part.imageSeconds());
  }

  private static void checkSeconds(Path folder, String field, double seconds) {
    require(
        seconds >= 0 && seconds <= MOST_SIMULATED_SECONDS,
        folder,
        "%s must be from 0 to %d".formatted(field, MOST_SIMULATED_SECONDS));
  }

  private static void checkRemote(Path folder, Manifest.RemotePart part) {
    require(
        isBase(required(part.endpoint(), folder, "verifier.remote.endpoint")),
        folder,
        "verifier.remote.endpoint must be a URL such as https://host/v1, without a user, a"
            + " question mark or a fragment; a key belongs into the variable that keyVariable"
            + " names");
    String model = required(part.model(), folder, "verifier.remote.model");
    require(!model.isBlank(), folder, "verifier.remote.model must name a model");
    require(
        part.question().contains(Manifest.RemotePart.PROMPT),
        folder,
        "verifier.remote.question must hold " + Manifest.RemotePart.PROMPT);
    require(part.timeoutSeconds() > 0, folder, "verifier.remote.timeoutSeconds must be positive");
    require(part.retries() >= 0, folder, "verifier.remote.retries must not be negative");
    require(part.concurrency() > 0, folder, "verifier.remote.concurrency must be positive");
    require(part.samples() > 0, folder, "verifier.remote.samples must be positive");
  }

  private static boolean isBase(String url) {
    try {
      URI uri = new URI(url);
      return ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))
          && uri.getHost() != null
          && uri.getRawUserInfo() == null
          && uri.getRawQuery() == null
          && uri.getRawFragment() == null;
    } catch (URISyntaxException _) {
      return false;
    }
  }

  /// With the tokenizer, which goes with every graph.
  private static void requireGraphs(Path folder, Manifest manifest, List<String> graphs) {
    for (String graph : graphs) {
      require(
          manifest.files().containsKey(graph), folder, "files has no digest of the graph " + graph);
    }
    String tokenizer = required(manifest.tokenizer(), folder, "tokenizer");
    require(
        manifest.files().containsKey(tokenizer),
        folder,
        "files has no digest of the tokenizer, " + tokenizer);
  }

  static <T> T required(@Nullable T part, Path folder, String field) {
    if (part == null) {
      throw new BadBundle("%s: %s: %s is missing".formatted(folder, Manifest.FILE, field));
    }
    return part;
  }

  private static void require(boolean holds, Path folder, String problem) {
    if (!holds) {
      throw new BadBundle("%s: %s: %s".formatted(folder, Manifest.FILE, problem));
    }
  }

  private static long checkFile(Path folder, String name, String expected) throws IOException {
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      throw new BadBundle("%s: the file %s is missing".formatted(folder, name));
    }
    String actual = digestOf(file);
    if (!actual.equals(expected)) {
      throw new BadBundle(
          "%s: %s has the digest %s, but files says %s; fetch or export the bundle again"
              .formatted(folder, name, actual, expected));
    }
    return Files.size(file);
  }

  private static String digestOf(Path file) throws IOException {
    MessageDigest digest = sha256();
    try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
      in.transferTo(java.io.OutputStream.nullOutputStream());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new UncheckedIOException(new IOException("this JDK has no SHA-256", e));
    }
  }
}
