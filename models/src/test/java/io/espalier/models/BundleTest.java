package io.espalier.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.espalier.models.ModelException.BadBundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Bundles that are not as they should be.
class BundleTest {

  @TempDir private Path temporary;
  private Path generator;
  private Path verifier;

  @BeforeEach
  void copy() throws IOException {
    generator = copy(Installed.GENERATOR);
    verifier = copy("clip");
  }

  @Test
  void aWholeBundleIsOpenedAndItsManifestIdentifiesIt() {
    Bundle bundle = Bundle.open(generator);
    assertThat(bundle.manifest().name()).isEqualTo(Installed.GENERATOR);
    assertThat(bundle.digest()).hasSize(64).isEqualTo(Installed.open(Installed.GENERATOR).digest());
  }

  @Test
  void anUnknownFieldIsIgnored() throws Exception {
    change(generator, manifest -> manifest.put("colour", "blue"));
    Bundle.open(generator);
  }

  @Test
  void aFolderWithoutAManifestIsRefused() throws IOException {
    Files.delete(generator.resolve("bundle.json"));
    refused(() -> Bundle.open(generator), "has no bundle.json");
  }

  @Test
  void aManifestThatIsNoJsonIsRefused() throws IOException {
    Files.writeString(generator.resolve("bundle.json"), "{\"schema\": 1,");
    refused(() -> Bundle.open(generator), "bundle.json");
  }

  @Test
  void aMissingFileIsNamed() throws IOException {
    Files.delete(generator.resolve("decode.onnx"));
    refused(() -> Bundle.open(generator), "the file decode.onnx is missing");
  }

  @Test
  void aChangedFileIsNamedWithBothDigests() throws IOException {
    Files.writeString(generator.resolve("text.onnx"), "changed");
    refused(() -> Bundle.open(generator), "text.onnx has the digest");
  }

  @Test
  void aMissingFieldIsNamed() throws Exception {
    change(generator, manifest -> manifest.remove("licence"));
    refused(() -> Bundle.open(generator), "licence");
  }

  @Test
  void aMissingPartIsNamed() throws Exception {
    change(verifier, manifest -> manifest.remove("verifier"));
    refused(() -> Bundle.open(verifier), "verifier is missing");
  }

  @Test
  void anUnknownKindOrSchemaIsRefused() throws Exception {
    change(verifier, manifest -> manifest.put("kind", "oracle"));
    refused(() -> Bundle.open(verifier), "kind is 'oracle'");
    change(generator, manifest -> manifest.put("schema", 99));
    refused(() -> Bundle.open(generator), "schema is 99");
  }

  @Test
  void samplingWithoutAValueForEachScaleIsRefused() throws Exception {
    change(generator, m -> ((ObjectNode) m.get("generator")).putArray("guidance").add(3));
    refused(() -> Bundle.open(generator), "guidance");
  }

  @Test
  void aGeneratorIsNoVerifierAndTheOtherWayRound() {
    refused(
        () -> new OnnxVerifier("clip", Bundle.open(generator), Hardware.cpu(1)),
        "a verifier is needed here");
    refused(
        () -> new OnnxGenerator(Bundle.open(verifier), Hardware.cpu(1)),
        "a generator is needed here");
  }

  @Test
  void aGraphWithOtherInputsIsRefused() throws Exception {
    replace(generator, "decode.onnx", generator.resolve("text.onnx"));
    refused(
        () -> new OnnxGenerator(Bundle.open(generator), Hardware.cpu(1)),
        "decode.onnx has the inputs");
  }

  @Test
  void aGraphOfAnotherShapeIsRefused() throws Exception {
    change(generator, m -> ((ObjectNode) m.get("generator")).putArray("image").add(64).add(64));
    refused(
        () -> new OnnxGenerator(Bundle.open(generator), Hardware.cpu(1)),
        "decode.onnx gives image");
    change(generator, m -> ((ObjectNode) m.get("generator")).put("bitsPerToken", 31));
    refused(
        () -> new OnnxGenerator(Bundle.open(generator), Hardware.cpu(1)), "does not fit together");
  }

  @Test
  void aFileThatIsNoGraphIsRefused() throws Exception {
    Path noGraph = Files.writeString(temporary.resolve("no-graph"), "no graph");
    replace(verifier, "verifier.onnx", noGraph);
    refused(
        () -> new OnnxVerifier("clip", Bundle.open(verifier), Hardware.cpu(1)), "cannot be loaded");
  }

  @Test
  void aTokenizerThatIsNoneIsRefused() throws Exception {
    Path noTokenizer = Files.writeString(temporary.resolve("no-tokenizer"), "{}");
    replace(verifier, "tokenizer.json", noTokenizer);
    refused(
        () -> new OnnxVerifier("clip", Bundle.open(verifier), Hardware.cpu(1)), "tokenizer.json");
  }

  @Test
  void anUnknownNameIsAnsweredWithTheKnownOnes() {
    refused(() -> new Bundles(temporary).open("nobody"), "clip, " + Installed.GENERATOR);
  }

  private Path copy(String name) throws IOException {
    return copy(Installed.open(name).folder(), temporary.resolve(name));
  }

  static Path copy(Path from, Path to) throws IOException {
    Files.createDirectory(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(file.getFileName()));
      }
    }
    return to;
  }

  private static void change(Path bundle, Consumer<ObjectNode> change) throws IOException {
    Path file = bundle.resolve("bundle.json");
    ObjectNode manifest = (ObjectNode) Manifest.JSON.readTree(file.toFile());
    change.accept(manifest);
    Manifest.JSON.writeValue(file.toFile(), manifest);
  }

  /// Puts another file in a bundle file's place, digest and all.
  static void replace(Path bundle, String file, Path by) throws Exception {
    Files.copy(by, bundle.resolve(file), StandardCopyOption.REPLACE_EXISTING);
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(by));
    change(bundle, m -> ((ObjectNode) m.get("files")).put(file, HexFormat.of().formatHex(digest)));
  }

  private static void refused(ThrowingCallable call, String words) {
    assertThatThrownBy(call).isInstanceOf(BadBundle.class).hasMessageContaining(words);
  }
}
