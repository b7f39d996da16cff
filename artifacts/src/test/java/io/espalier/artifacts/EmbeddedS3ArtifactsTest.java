package io.espalier.artifacts;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.espalier.infra.EmbeddedS3;
import io.minio.MinioAsyncClient;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The store on the embedded server, and on none.
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
  MinioAsyncClient client() {
    return client(server.secretKey());
  }

  @Override
  MinioAsyncClient impostor() {
    return client("wrong");
  }

  private static MinioAsyncClient client(String secretKey) {
    return MinioAsyncClient.builder()
        .endpoint(server.endpoint())
        .credentials(server.accessKey(), secretKey)
        .build();
  }

  @Override
  void takeAway() {
    server.close();
  }

  @Override
  void bringBack() {
    server = EmbeddedS3.start(folder, URI.create(server.endpoint()).getPort());
  }

  @Test
  void patienceHasAnEnd() {
    MinioAsyncClient nobody =
        MinioAsyncClient.builder().endpoint("http://127.0.0.1:9").credentials("a", "b").build();
    ArtifactStore store = new S3Artifacts(nobody, "nowhere", Duration.ofMillis(300), 4);
    assertThatThrownBy(() -> store.get("key"))
        .isInstanceOf(ArtifactException.Unreachable.class)
        .hasMessageContaining("give key");
  }
}
