package io.espalier.search.expansion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.espalier.artifacts.ArtifactStore;
import io.espalier.artifacts.S3Artifacts;
import io.espalier.beam.Bits;
import io.espalier.beam.Drawing;
import io.espalier.beam.Lineage;
import io.espalier.beam.SearchSpec;
import io.espalier.beam.Slice;
import io.espalier.contracts.ArtifactKeys;
import io.espalier.contracts.CandidatesRecord;
import io.espalier.contracts.Drawn;
import io.espalier.contracts.FrontierSlice;
import io.espalier.contracts.JobSpec;
import io.espalier.contracts.Settings;
import io.espalier.flow.RecordSender;
import io.espalier.flow.Records;
import io.espalier.flow.SearchSpecs;
import io.espalier.flow.service.ModelThreads;
import io.espalier.flow.service.RecentImages;
import io.espalier.infra.EmbeddedS3;
import io.espalier.models.Bundle;
import io.espalier.models.Hardware;
import io.espalier.models.Manifest;
import io.espalier.models.OnnxGenerator;
import io.minio.MinioAsyncClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Expansion with generators of index tokens, whose bits do not fill bytes: the tiny bundles of
/// `models`, and a real store.
class ExpansionTest {

  private static final String VERIFIER = "colours";
  private static final int SCALES = 3;
  private static final long IMAGES = 1 << 20;

  @TempDir private static Path folder;
  private static EmbeddedS3 server;
  private static ArtifactStore store;
  private static final ModelThreads threads = new ModelThreads(1);

  private final String job = UUID.randomUUID().toString();
  private final Set<String> ended = new HashSet<>();

  @BeforeAll
  static void start() {
    server = EmbeddedS3.start(folder, 0);
    store =
        new S3Artifacts(
            MinioAsyncClient.builder()
                .endpoint(server.endpoint())
                .credentials(server.accessKey(), server.secretKey())
                .build(),
            "espalier",
            Duration.ofSeconds(10),
            16);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  /// A worker that has drawn nothing yet, and what it sent.
  private final class Worker {
    private final MockProducer<byte[], byte[]> producer =
        new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
    private final Expansion expansion;

    Worker(OnnxGenerator generator, String digest) {
      expansion =
          new Expansion(
              generator,
              digest,
              store,
              new RecentImages(IMAGES),
              new RecordSender(producer),
              threads,
              ended::contains);
    }

    /// Expands a slice; gives what it drew, by lineage.
    Map<String, Drawn> expand(FrontierSlice slice) {
      producer.clear();
      expansion.expand(slice);
      CandidatesRecord sent =
          Records.read(producer.history().getFirst().value(), CandidatesRecord.class);
      Map<String, Drawn> drawn = new LinkedHashMap<>();
      sent.candidates().forEach(each -> drawn.put(each.lineage(), each.drawn()));
      return drawn;
    }

    /// Expands a slice of one branch.
    Drawn expandOne(FrontierSlice slice) {
      return expand(slice).values().iterator().next();
    }
  }

  private static Bundle bundle(String name) {
    return Bundle.open(
        Path.of(
            System.getProperty("io.espalier.home"),
            "models/src/test/resources/io/espalier/models/bundles",
            name));
  }

  private static JobSpec spec(Bundle bundle, String depth) {
    Manifest.GeneratorPart part = bundle.generator();
    return new JobSpec(
        "a red star",
        new JobSpec.GeneratorRef(
            bundle.manifest().name(),
            bundle.manifest().version(),
            bundle.digest(),
            part.scales(),
            part.bitsPerToken()),
        List.of(new JobSpec.VerifierRef(VERIFIER, "digest", 1, 100, 50, null)),
        new Settings(
            Map.of("type", "beam", "width", 2, "branches", 4),
            depth,
            true,
            "best-ever",
            Map.of(VERIFIER, 1.0),
            null,
            "weighted",
            part.guidance(),
            part.temperature(),
            part.topP(),
            23,
            null,
            null,
            null,
            null,
            null),
        null);
  }

  private FrontierSlice slice(
      JobSpec spec, String parent, Optional<Drawn> prefix, int depth, String... branches) {
    int scale = Lineage.parse(parent).scale() + 1;
    return new FrontierSlice(
        job,
        spec,
        parent,
        prefix.map(Drawn::bits).orElse(null),
        scale,
        depth,
        List.of(branches),
        List.of(VERIFIER));
  }

  @ParameterizedTest
  @CsvSource({
    "indices, full", "indices, 2", "indices, prefix",
    "single-bits, full", "single-bits, 2", "single-bits, prefix"
  })
  void aWorkerThatDidNotDrawThePrefixDrawsWhatOneThatDidWouldDraw(String name, String depth) {
    Bundle bundle = bundle(name);
    JobSpec spec = spec(bundle, depth);
    SearchSpec search = SearchSpecs.of(spec);
    try (OnnxGenerator generator = new OnnxGenerator(bundle, Hardware.cpu(1))) {
      String parent = "";
      Optional<Drawn> prefix = Optional.empty();
      Bits known = Bits.none(generator.bitsPerToken());
      for (int scale = 1; scale <= SCALES; scale++) {
        FrontierSlice slice = slice(spec, parent, prefix, search.reach(scale), "0", "1", "2", "3");
        List<Drawing> expected = drawn(generator, search, slice, known);
        Map<String, Drawn> found = new Worker(generator, bundle.digest()).expand(slice);

        assertThat(found).isEqualTo(byLineage(expected));
        Drawing chosen = expected.get(2);
        parent = chosen.lineage().toString();
        prefix = Optional.ofNullable(found.get(parent));
        known = chosen.bits();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"indices", "single-bits"})
  void aCutImageIsCompletedByAWorkerThatDidNotDrawIt(String name) {
    Bundle bundle = bundle(name);
    JobSpec spec = spec(bundle, "2");
    try (OnnxGenerator generator = new OnnxGenerator(bundle, Hardware.cpu(1))) {
      Drawn cut =
          new Worker(generator, bundle.digest())
              .expandOne(slice(spec, "", Optional.empty(), 2, "3"));
      Drawn whole =
          new Worker(generator, bundle.digest())
              .expandOne(slice(spec, "", Optional.empty(), SCALES, "3"));

      Map<String, Drawn> completed =
          new Worker(generator, bundle.digest())
              .expand(slice(spec, "3.carry", Optional.of(cut), SCALES, "carry"));

      assertThat(completed.get("3.carry.carry")).isEqualTo(whole);
    }
  }

  @Test
  void storedBitsThatAreNotWhatTheirNameSaysAreRefused() {
    Bundle bundle = bundle("indices");
    JobSpec spec = spec(bundle, "full");
    try (OnnxGenerator generator = new OnnxGenerator(bundle, Hardware.cpu(1))) {
      Drawn drawn =
          new Worker(generator, bundle.digest())
              .expandOne(slice(spec, "", Optional.empty(), SCALES, "0"));
      String key = ArtifactKeys.bits(job, drawn.bits());
      byte[] bits = store.get(key);
      bits[0] ^= (byte) 0x80;
      store.put(key, bits, "application/octet-stream");

      FrontierSlice next = slice(spec, "0", Optional.of(drawn), SCALES, "0");
      Worker other = new Worker(generator, bundle.digest());
      assertThatThrownBy(() -> other.expand(next))
          .hasMessage(key + " holds other bits than its name says");
    }
  }

  @Test
  void aSliceWhoseJobEndsWhileItWaitsIsNeitherDrawnNorSent() {
    Bundle bundle = bundle("indices");
    JobSpec spec = spec(bundle, "full");
    ended.add(job);
    try (OnnxGenerator generator = new OnnxGenerator(bundle, Hardware.cpu(1))) {
      Worker worker = new Worker(generator, bundle.digest());
      worker.expansion.expand(slice(spec, "", Optional.empty(), SCALES, "0"));

      assertThat(worker.producer.history()).isEmpty();
      assertThat(store.list(ArtifactKeys.candidates(job))).isEmpty();
    }
  }

  private static List<Drawing> drawn(
      OnnxGenerator generator, SearchSpec spec, FrontierSlice slice, Bits parent) {
    return generator
        .draw(
            spec,
            new Slice(
                Lineage.parse(slice.parent()),
                Optional.empty(),
                slice.scale(),
                slice.depth(),
                List.of(0, 1, 2, 3)),
            parent)
        .drawings();
  }

  private static Map<String, Drawn> byLineage(List<Drawing> drawings) {
    Map<String, Drawn> drawn = new LinkedHashMap<>();
    for (Drawing each : drawings) {
      drawn.put(
          each.lineage().toString(), new Drawn(each.rendition().bits(), each.rendition().image()));
    }
    return drawn;
  }
}
