package io.espalier.artifacts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.espalier.infra.EmbeddedS3;
import io.minio.MinioClient;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The store on the embedded server, which can also be taken away.
class EmbeddedS3ArtifactsTest extends ArtifactStoreContract {

  @TempDir static Path folder;
  private static EmbeddedS3 server;

  @BeforeAll
  static void start() {
    server = EmbeddedS3.start(folder, 0);
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Override
  MinioClient client() {
    return client(server.secretKey());
  }

  private static MinioClient client(String secretKey) {
    return MinioClient.builder()
        .endpoint(server.endpoint())
        .credentials(server.accessKey(), secretKey)
        .build();
  }

  @Test
  void wrongKeysAreRefusedAtOnce() {
    ArtifactStore store = new S3Artifacts(client("wrong"), "somebody-elses", PATIENCE);
    assertThatThrownBy(() -> store.put("key", bytes("x"), "text/plain"))
        .isInstanceOf(ArtifactException.Refused.class)
        .hasMessageContaining("key");
  }

  @Test
  void aServerThatIsAwayIsWaitedFor() {
    ArtifactStore store = new S3Artifacts(client(), "patient", Duration.ofSeconds(30));
    store.put("before", bytes("1"), "text/plain");
    int port = URI.create(server.endpoint()).getPort();
    server.close();
    CompletableFuture<byte[]> got = CompletableFuture.supplyAsync(() -> store.get("before"));
    assertThat(got).isNotDone();
    server = EmbeddedS3.start(folder, port);
    assertThat(got).succeedsWithin(Duration.ofSeconds(30)).isEqualTo(bytes("1"));
  }

  @Test
  void patienceHasAnEnd() {
    MinioClient nobody =
        MinioClient.builder().endpoint("http://127.0.0.1:9").credentials("a", "b").build();
    ArtifactStore store = new S3Artifacts(nobody, "nowhere", Duration.ofMillis(300));
    assertThatThrownBy(() -> store.get("key"))
        .isInstanceOf(ArtifactException.Unreachable.class)
        .hasMessageContaining("give key");
  }
}
