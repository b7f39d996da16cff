package io.espalier.verifier;

import static org.assertj.core.api.Assertions.assertThat;

import io.espalier.artifacts.ArtifactStore;
import io.espalier.artifacts.S3Artifacts;
import io.espalier.beam.Bits;
import io.espalier.beam.Drawing;
import io.espalier.beam.Image;
import io.espalier.beam.Lineage;
import io.espalier.beam.Verifier;
import io.espalier.contracts.ArtifactKeys;
import io.espalier.contracts.CandidatesRecord;
import io.espalier.contracts.Drawn;
import io.espalier.contracts.JobSpec;
import io.espalier.contracts.ScoresRecord;
import io.espalier.flow.RecordSender;
import io.espalier.flow.Records;
import io.espalier.flow.service.InParallel;
import io.espalier.flow.service.ModelThreads;
import io.espalier.flow.service.RecentImages;
import io.espalier.flow.slice.StoredSlices;
import io.espalier.infra.EmbeddedS3;
import io.minio.MinioAsyncClient;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Verification of slices that lie in a real store.
class VerificationTest {

  private static final String DIGEST = "d".repeat(64);
  private static final String TYPE = "application/octet-stream";

  @TempDir private static Path folder;
  private static EmbeddedS3 server;
  private static ArtifactStore store;
  private static final ModelThreads threads = new ModelThreads(2);

  private final String job = UUID.randomUUID().toString();
  private final Queue<String> fetched = new ConcurrentLinkedQueue<>();
  private final RecentImages recent = new RecentImages(1 << 20);

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

  /// Scores an image by its first byte.
  private record FirstByte(String name) implements Verifier {
    @Override
    public Scores score(String prompt, List<Image> images) {
      return new Scores(images.stream().mapToDouble(image -> image.rgb()[0]).toArray(), Set.of());
    }
  }

  /// A slice in the store; a candidate's image begins with the byte that it is to score.
  private List<CandidatesRecord.Candidate> slice(int... scores) {
    List<Drawing> drawings = new ArrayList<>();
    for (int score : scores) {
      drawings.add(
          new Drawing(
              Lineage.root().child(score),
              Bits.of(1, 8, new byte[] {(byte) score}),
              new Image(1, 2, new byte[] {(byte) score, 1, 2, 3, 4, 5})));
    }
    List<Drawn> drawn = new StoredSlices(store).put(job, drawings);
    return drawn.stream()
        .map(
            each ->
                new CandidatesRecord.Candidate(
                    drawings.get(each.index()).lineage().toString(), each))
        .toList();
  }

  private CandidatesRecord record(String verifier, List<CandidatesRecord.Candidate> candidates) {
    return new CandidatesRecord(
        job,
        candidates,
        "a star",
        new JobSpec.VerifierRef(verifier, DIGEST, 1, 0, 1, null),
        false,
        List.of(),
        List.of());
  }

  /// What a verifier of this process answers.
  private ScoresRecord score(String verifier, List<CandidatesRecord.Candidate> candidates) {
    MockProducer<byte[], byte[]> producer =
        new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
    new Verification(
            new FirstByte(verifier),
            DIGEST,
            watched(),
            recent,
            new RecordSender(producer),
            threads,
            _ -> false)
        .score(List.of(record(verifier, candidates)));
    return Records.read(producer.history().getFirst().value(), ScoresRecord.class);
  }

  /// The store, of which every key that is fetched is noted.
  private ArtifactStore watched() {
    return (ArtifactStore)
        Proxy.newProxyInstance(
            ArtifactStore.class.getClassLoader(),
            new Class<?>[] {ArtifactStore.class},
            (_, method, arguments) -> {
              fetched.add((String) arguments[0]);
              try {
                return method.invoke(store, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private String key(CandidatesRecord.Candidate candidate) {
    return ArtifactKeys.slice(job, candidate.drawn().slice());
  }

  private static Map<String, Double> scores(ScoresRecord answer) {
    Map<String, Double> scores = new HashMap<>();
    answer.scores().forEach(score -> scores.put(score.lineage(), score.score()));
    return scores;
  }

  @Test
  void aSliceIsFetchedOnceForAllVerifiersOfAProcess() {
    List<CandidatesRecord.Candidate> slice = slice(3, 1, 2);

    List<ScoresRecord> answers =
        InParallel.map(
            List.of("aesthetic", "clip", "image-reward", "vlm"), name -> score(name, slice));

    assertThat(answers)
        .allSatisfy(
            answer -> assertThat(scores(answer)).isEqualTo(Map.of("3", 3.0, "1", 1.0, "2", 2.0)));
    assertThat(fetched).containsExactly(key(slice.getFirst()));
    assertThat(answers.stream().flatMap(answer -> answer.spans().stream()))
        .filteredOn(span -> span.model().equals(ScoresRecord.Span.FETCH))
        .hasSize(1);
  }

  @Test
  void aSliceThatWasDrawnHereIsNotFetched() {
    List<CandidatesRecord.Candidate> slice = slice(4);
    recent.put(
        slice.getFirst().drawn().slice(),
        new StoredSlices(store).images(job, slice.getFirst().drawn().slice()));

    assertThat(scores(score("clip", slice))).isEqualTo(Map.of("4", 4.0));
    assertThat(fetched).isEmpty();
  }

  @Test
  void candidatesOfSeveralSlicesAreScoredTogetherAndEachSliceIsFetchedOnce() {
    List<CandidatesRecord.Candidate> one = slice(1, 2, 3);
    List<CandidatesRecord.Candidate> other = slice(4, 5);
    List<CandidatesRecord.Candidate> best =
        List.of(other.get(1), one.get(2), other.get(0), one.get(0));

    assertThat(scores(score("clip", best)))
        .isEqualTo(Map.of("5", 5.0, "3", 3.0, "4", 4.0, "1", 1.0));
    assertThat(fetched).containsExactlyInAnyOrder(key(one.getFirst()), key(other.getFirst()));
  }

  @Test
  void anImageThatIsDamagedFailsAlone() {
    List<CandidatesRecord.Candidate> slice = slice(1, 2, 3);
    byte[] object = store.get(key(slice.getFirst()));
    object[object.length - 1] ^= 1;
    store.put(key(slice.getFirst()), object, TYPE);

    ScoresRecord answer = score("clip", slice);

    assertThat(scores(answer)).isEqualTo(Map.of("1", 1.0, "2", 2.0));
    assertThat(answer.failures())
        .singleElement()
        .satisfies(
            failure -> {
              assertThat(failure.lineage()).isEqualTo("3");
              assertThat(failure.drawn()).isEqualTo(slice.getLast().drawn());
              assertThat(failure.reason())
                  .isEqualTo("the image cannot be read: %s does not hold it", key(slice.getLast()));
            });
  }

  @Test
  void aSliceThatIsGoneOrNoneFailsAloneToo() {
    List<CandidatesRecord.Candidate> gone = slice(1);
    List<CandidatesRecord.Candidate> none = slice(2);
    List<CandidatesRecord.Candidate> good = slice(3);
    store.delete(key(gone.getFirst()));
    store.put(key(none.getFirst()), new byte[] {1, 2, 3}, TYPE);

    ScoresRecord answer = score("clip", Stream.of(gone, none, good).flatMap(List::stream).toList());

    assertThat(scores(answer)).isEqualTo(Map.of("3", 3.0));
    assertThat(answer.failures())
        .extracting(ScoresRecord.Failure::reason)
        .allSatisfy(reason -> assertThat(reason).startsWith("the image cannot be read: "))
        .anySatisfy(reason -> assertThat(reason).contains("no artifact", key(gone.getFirst())))
        .anySatisfy(reason -> assertThat(reason).contains(key(none.getFirst()) + " is damaged"));
  }
}
