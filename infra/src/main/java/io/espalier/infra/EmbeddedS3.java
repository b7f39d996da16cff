package io.espalier.infra;

import io.espalier.infra.InfraException.StartFailed;
import java.net.URI;
import java.nio.file.Path;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An S3 server in this process that keeps every object as a file.
///
/// It listens on 127.0.0.1 and takes requests signed with its keys (signature version 4). Objects
/// appear whole or not at all and outlive the process, however it ends. No lifecycle rules and no
/// tags. Thread-safe.
public final class EmbeddedS3 implements EmbeddedServer {

  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedS3.class);
  private static final String ACCESS_KEY = "espalier";

  private final S3Proxy proxy;
  private final URI endpoint;
  private final String secretKey;

  private EmbeddedS3(S3Proxy proxy, URI endpoint, String secretKey) {
    this.proxy = proxy;
    this.endpoint = endpoint;
    this.secretKey = secretKey;
  }

  /// Starts a server that keeps its state in a folder, and returns when it serves.
  ///
  /// @param port 0 for that of the last start in this folder, or any
  /// @throws InfraException where it cannot start
  public static EmbeddedS3 start(Path folder, int port) {
    ServerLogs.quiet("org.gaul", "software.amazon.awssdk");
    ServerFolder home = ServerFolder.open("S3", folder);
    Path objects = ServerFolder.create(home.data());
    URI endpoint =
        URI.create("http://%s:%d".formatted(ServerFolder.HOST.getHostAddress(), home.port(port)));
    String secretKey = home.password();
    try {
      WholeObjects.sweep(objects);
      S3Proxy proxy =
          S3Proxy.builder()
              .blobStore(new WholeObjects(new FilesystemNio2BlobStore(objects.toString())))
              .awsAuthentication(AuthenticationType.AWS_V4, ACCESS_KEY, secretKey)
              .endpoint(endpoint)
              // A put that is cut off leaves nothing, so there is nothing to wait for.
              .stopTimeout(0)
              .build();
      proxy.start();
      return new EmbeddedS3(proxy, endpoint, secretKey);
    } catch (Exception e) {
      throw new StartFailed(
          "The S3 server did not start in %s: %s; the log has more".formatted(folder, e), e);
    }
  }

  public String endpoint() {
    return endpoint.toString();
  }

  public String accessKey() {
    return ACCESS_KEY;
  }

  public String secretKey() {
    return secretKey;
  }

  /// Stops it at once; requests under way are cut off.
  @Override
  public void close() {
    try {
      proxy.stop();
    } catch (Exception e) {
      LOG.warn("The S3 server at {} did not stop in good order", endpoint, e);
    }
  }
}
