package io.espalier.search.expansion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.espalier.artifacts.ArtifactStore;
import io.espalier.artifacts.S3Artifacts;
import io.espalier.beam.Bits;
import io.espalier.beam.Drawing;
import io.espalier.beam.Lineage;
import io.espalier.beam.Rendition;
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
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
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
  private static final int BEFORE_BITS = 20;

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
      this(generator, digest, store);
    }

    Worker(OnnxGenerator generator, String digest, ArtifactStore artifacts) {
      expansion =
          new Expansion(
              generator,
              digest,
              artifacts,
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
        job, spec, parent, prefix.orElse(null), scale, depth, List.of(branches), List.of(VERIFIER));
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

        assertThat(content(found)).isEqualTo(byLineage(expected));
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

      assertThat(content(completed).get("3.carry.carry"))
          .isEqualTo(new Rendition(whole.bits(), whole.image()));
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
      String key = ArtifactKeys.slice(job, drawn.slice());
      byte[] object = store.get(key);
      object[BEFORE_BITS] ^= (byte) 0x80;
      store.put(key, object, "application/octet-stream");

      FrontierSlice next = slice(spec, "0", Optional.of(drawn), SCALES, "0");
      Worker other = new Worker(generator, bundle.digest());
      assertThatThrownBy(() -> other.expand(next))
          .hasMessage(key + " is damaged: its candidate 0 has no bits " + drawn.bits());
    }
  }

  @Test
  void aSliceIsOneObjectThatARepeatedDrawWritesAgain() {
    Bundle bundle = bundle("indices");
    FrontierSlice slice = slice(spec(bundle, "full"), "", Optional.empty(), SCALES, "0", "1", "2");
    try (OnnxGenerator generator = new OnnxGenerator(bundle, Hardware.cpu(1))) {
      Map<String, Drawn> drawn = new Worker(generator, bundle.digest()).expand(slice);

      String key = ArtifactKeys.slice(job, drawn.values().iterator().next().slice());
      assertThat(store.list(ArtifactKeys.candidates(job))).containsExactly(key);
      assertThat(drawn.values()).extracting(Drawn::index).containsExactly(0, 1, 2);
      byte[] object = store.get(key);

      assertThat(new Worker(generator, bundle.digest()).expand(slice)).isEqualTo(drawn);
      assertThat(store.list(ArtifactKeys.candidates(job))).containsExactly(key);
      assertThat(store.get(key)).isEqualTo(object);
    }
  }

  @Test
  void aPrefixIsFetchedWithoutTheImagesAndByWhomDidNotDrawItOnly() {
    Bundle bundle = bundle("indices");
    JobSpec spec = spec(bundle, "full");
    try (OnnxGenerator generator = new OnnxGenerator(bundle, Hardware.cpu(1))) {
      List<String> calls = new ArrayList<>();
      ArtifactStore watched = watched(calls);
      Worker worker = new Worker(generator, bundle.digest(), watched);
      Map<String, Drawn> drawn = worker.expand(slice(spec, "", Optional.empty(), SCALES, "0", "1"));
      FrontierSlice next = slice(spec, "1", Optional.ofNullable(drawn.get("1")), SCALES, "0");
      worker.expand(next);
      assertThat(calls).containsExactly("put", "put");

      calls.clear();
      new Worker(generator, bundle.digest(), watched).expand(next);
      assertThat(calls).containsExactly("head", "put");
    }
  }

  /// The store, of which every call is noted.
  private static ArtifactStore watched(List<String> calls) {
    return (ArtifactStore)
        Proxy.newProxyInstance(
            ArtifactStore.class.getClassLoader(),
            new Class<?>[] {ArtifactStore.class},
            (_, method, arguments) -> {
              calls.add(method.getName());
              try {
                return method.invoke(store, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
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

  private static Map<String, Rendition> byLineage(List<Drawing> drawings) {
    Map<String, Rendition> drawn = new LinkedHashMap<>();
    drawings.forEach(each -> drawn.put(each.lineage().toString(), each.rendition()));
    return drawn;
  }

  /// What was drawn, wherever it lies.
  private static Map<String, Rendition> content(Map<String, Drawn> drawn) {
    Map<String, Rendition> content = new LinkedHashMap<>();
    drawn.forEach(
        (lineage, each) -> content.put(lineage, new Rendition(each.bits(), each.image())));
    return content;
  }
}
