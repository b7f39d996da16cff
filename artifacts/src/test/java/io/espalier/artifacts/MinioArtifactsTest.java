package io.espalier.artifacts;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.minio.MinioAsyncClient;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/// The store on MinIO's own server, where this machine can build that.
class MinioArtifactsTest extends ArtifactStoreContract {

  @TempDir static Path folder;
  private static MinioServer server;
  private static String lacking = "";

  @BeforeAll
  static void start() throws Exception {
    server = new MinioServer(folder);
    try {
      server.start();
    } catch (MinioProgram.CannotBeBuilt e) {
      lacking = String.valueOf(e.getMessage());
      System.err.println("Skipping the tests of the store on MinIO. " + lacking);
    }
  }

  /// Skips each test by itself, so that the result counts all of them.
  @BeforeEach
  void isThere() {
    assumeTrue(lacking.isEmpty(), lacking);
  }

  @AfterAll
  static void stop() {
    server.kill();
  }

  @Override
  MinioAsyncClient client() {
    return server.client();
  }

  @Override
  MinioAsyncClient impostor() {
    return server.impostor();
  }

  @Override
  void takeAway() {
    server.kill();
  }

  @Override
  void bringBack() throws Exception {
    server.start();
  }
}
