package io.espalier.search.finishing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.espalier.artifacts.ArtifactException;
import io.espalier.artifacts.ArtifactStore;
import io.espalier.artifacts.S3Artifacts;
import io.espalier.beam.Bits;
import io.espalier.beam.Drawing;
import io.espalier.beam.Image;
import io.espalier.beam.Lineage;
import io.espalier.beam.Png;
import io.espalier.contracts.ArtifactKeys;
import io.espalier.contracts.BundleName;
import io.espalier.contracts.DecisionRecord;
import io.espalier.contracts.Drawn;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.ResultDocument;
import io.espalier.contracts.Settings;
import io.espalier.contracts.Topics;
import io.espalier.contracts.TreeDocument;
import io.espalier.flow.DeadLetters;
import io.espalier.flow.RecordSender;
import io.espalier.flow.Records;
import io.espalier.flow.slice.StoredSlices;
import io.espalier.infra.EmbeddedS3;
import io.minio.MinioAsyncClient;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A result is given up only where no store could ever keep it.
class DecisionsTest {

  /// With a server that is there, however slow the machine is.
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private static final Image IMAGE = new Image(2, 1, new byte[] {1, 2, 3, 4, 5, 6});
  private static final Bits BITS = Bits.of(1, 8, new byte[] {7});

  @TempDir static Path folder;
  private static EmbeddedS3 server;

  private final String job = UUID.randomUUID().toString();
  private final String bucket = "test-" + UUID.randomUUID();
  private Drawn answer = new Drawn("b1".repeat(32), "c2".repeat(32), "f5".repeat(32), 0);
  private final MockProducer<byte[], byte[]> producer =
      new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());

  @BeforeAll
  static void start() {
    server = EmbeddedS3.start(folder, 0);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void aResultIsStoredAndItsEndTold() {
    ArtifactStore store = withAnswer();
    decisions(store).take(record(job));
    assertThat(store.get(ArtifactKeys.resultImage(job))).isEqualTo(Png.encode(IMAGE));
    assertThat(store.get(ArtifactKeys.resultBits(job))).isEqualTo(BITS.packed());
    assertThat(store.exists(ArtifactKeys.resultTree(job))).isTrue();
    assertThat(told()).containsExactly(Topics.EVENTS);
    assertThat(event()).isInstanceOf(JobEvent.Ended.class);
  }

  @Test
  void wrongKeysAreTriedAgainUntilAnOperatorHasRepairedThem() {
    ArtifactStore store = withAnswer();
    ArtifactStore locked = store(server.endpoint(), "wrong");
    assertThatThrownBy(() -> decisions(locked).take(record(job)))
        .isInstanceOf(ArtifactException.Refused.class);
    assertThat(told()).isEmpty();
    decisions(store).take(record(job));
    assertThat(event()).isInstanceOf(JobEvent.Ended.class);
  }

  @ParameterizedTest
  @CsvSource({
    "429, TooManyRequests",
    "400, RequestTimeout",
    "409, OperationAborted",
    "403, RequestTimeTooSkewed",
    "400, ExpiredToken",
    "400, XMinioAdminBucketQuotaExceeded",
    "403, SomethingNew",
    "404, NoSuchBucket"
  })
  void noRefusalThatPassesOrCanBeRepairedGivesAResultUp(int status, String code) throws Exception {
    HttpServer refusing =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    byte[] error =
        "<Error><Code>%s</Code></Error>".formatted(code).getBytes(StandardCharsets.UTF_8);
    refusing.createContext(
        "/",
        request -> {
          try (request) {
            request.getResponseHeaders().set("Content-Type", "application/xml");
            request.sendResponseHeaders(status, error.length);
            request.getResponseBody().write(error);
          }
        });
    refusing.start();
    try {
      ArtifactStore store = store("http://127.0.0.1:" + refusing.getAddress().getPort(), "any");
      assertThatThrownBy(() -> decisions(store).take(record(job)))
          .isInstanceOf(ArtifactException.class);
      assertThat(told()).isEmpty();
    } finally {
      refusing.stop(0);
    }
  }

  @Test
  void aStoreThatIsAwayIsTriedAgain() {
    ArtifactStore away = store("http://127.0.0.1:9", "any");
    assertThatThrownBy(() -> decisions(away).take(record(job)))
        .isInstanceOf(ArtifactException.Unreachable.class);
    assertThat(told()).isEmpty();
  }

  @Test
  void anAnswerThatIsGoneEndsTheJobAsFailed() {
    ArtifactStore store = store(server.endpoint(), server.secretKey());
    store.put("other", new byte[] {1}, "image/png");
    decisions(store).take(record(job));
    assertThat(told()).containsExactly(Topics.DEAD_LETTERS, Topics.EVENTS);
    assertThat(event()).isInstanceOf(JobEvent.Rejected.class);
  }

  @Test
  void anAnswerThatIsDamagedEndsTheJobAsFailed() {
    ArtifactStore store = withAnswer();
    String key = ArtifactKeys.slice(job, answer.slice());
    byte[] object = store.get(key);
    object[object.length - 1] ^= 1;
    store.put(key, object, "application/octet-stream");
    decisions(store).take(record(job));
    assertThat(told()).containsExactly(Topics.DEAD_LETTERS, Topics.EVENTS);
    assertThat(event())
        .isInstanceOfSatisfying(
            JobEvent.Rejected.class,
            rejected -> assertThat(rejected.reason()).contains(key + " is damaged"));
  }

  @Test
  void aJobThatCannotBePartOfAKeyEndsAsFailed() {
    assertThatCode(() -> decisions(withAnswer()).take(record("../x"))).doesNotThrowAnyException();
    assertThat(event()).isInstanceOf(JobEvent.Rejected.class);
  }

  @Test
  void aRecordThatCannotBeReadBecomesADeadLetter() {
    decisions(withAnswer())
        .take(new ConsumerRecord<>(Topics.DECISIONS, 0, 0, new byte[] {1}, new byte[] {2}));
    assertThat(told()).containsExactly(Topics.DEAD_LETTERS, Topics.EVENTS);
  }

  private ArtifactStore withAnswer() {
    ArtifactStore store = store(server.endpoint(), server.secretKey(), PATIENCE);
    Drawing other = new Drawing(Lineage.parse("0"), Bits.of(1, 8, new byte[1]), IMAGE);
    Drawing drawing = new Drawing(Lineage.parse("1"), BITS, IMAGE);
    answer = new StoredSlices(store).put(job, List.of(other, drawing)).getLast();
    return store;
  }

  private ArtifactStore store(String endpoint, String secretKey) {
    return store(endpoint, secretKey, Duration.ofSeconds(2));
  }

  private ArtifactStore store(String endpoint, String secretKey, Duration patience) {
    MinioAsyncClient client =
        MinioAsyncClient.builder()
            .endpoint(endpoint)
            .credentials(server.accessKey(), secretKey)
            .region("us-east-1")
            .build();
    return new S3Artifacts(client, bucket, patience, 8);
  }

  private Decisions decisions(ArtifactStore store) {
    RecordSender sender = new RecordSender(producer);
    return new Decisions(store, sender, new DeadLetters(sender));
  }

  private List<String> told() {
    return producer.history().stream().map(ProducerRecord::topic).toList();
  }

  private JobEvent event() {
    return Records.read(producer.history().getLast().value(), JobEvent.class);
  }

  private ConsumerRecord<byte[], byte[]> record(String job) {
    Settings settings =
        new Settings(
            Map.of("name", "random", "images", 1),
            "full",
            false,
            "best-ever",
            Map.of("clip", 1.0),
            null,
            "weighted",
            List.of(3f),
            List.of(1f),
            List.of(1f),
            42,
            null,
            null,
            null,
            null,
            null);
    BundleName bundle = new BundleName("shapes", "1.0.0", "a0".repeat(32));
    TreeDocument tree =
        new TreeDocument(
            TreeDocument.SCHEMA,
            "a red star",
            settings,
            bundle,
            List.of(List.of(1, 1)),
            "found",
            "",
            "0",
            new TreeDocument.Cost(1, 1),
            List.of());
    ResultDocument result =
        new ResultDocument(
            job,
            "found",
            "",
            "a red star",
            settings,
            bundle,
            new ResultDocument.Answer("0", 1, List.of(0), 1, Map.of("clip", 1.0)),
            null,
            new ResultDocument.Ledger(1, 1, 1, 1, 1, 1, 1),
            List.of());
    DecisionRecord decision = new DecisionRecord(job, 3, 1_000, answer, tree, result);
    return new ConsumerRecord<>(
        Topics.DECISIONS, 0, 0, job.getBytes(StandardCharsets.UTF_8), Records.write(decision));
  }
}
