package io.espalier.artifacts;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.minio.MinioAsyncClient;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What cannot be configured is told before the first call.
class S3ArtifactsTest {

  private static final Duration PATIENCE = Duration.ofSeconds(1);

  @ParameterizedTest
  @ValueSource(strings = {"", "ab", "No Capitals", "a/b", "a\nb"})
  void aBucketThatCannotBeNamedSoIsTold(String bucket) {
    assertThatThrownBy(() -> new S3Artifacts(client(), bucket, PATIENCE, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the bucket for artifacts cannot be named '%s'", Keys.shown(bucket));
  }

  @Test
  void patienceAndRequestsHaveBounds() {
    assertThatThrownBy(() -> new S3Artifacts(client(), "bucket", Duration.ZERO, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("PT0S");
    assertThatThrownBy(() -> new S3Artifacts(client(), "bucket", PATIENCE, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0 requests");
  }

  private static MinioAsyncClient client() {
    return MinioAsyncClient.builder().endpoint("http://localhost:9").build();
  }
}
