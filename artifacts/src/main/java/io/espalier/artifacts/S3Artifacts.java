package io.espalier.artifacts;

import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeException;
import dev.failsafe.FailsafeExecutor;
import dev.failsafe.RetryPolicy;
import dev.failsafe.function.CheckedSupplier;
import io.minio.BucketExistsArgs;
import io.minio.CopyObjectArgs;
import io.minio.CopySource;
import io.minio.GetObjectArgs;
import io.minio.ListObjectsArgs;
import io.minio.MakeBucketArgs;
import io.minio.MinioClient;
import io.minio.PutObjectArgs;
import io.minio.RemoveObjectArgs;
import io.minio.Result;
import io.minio.StatObjectArgs;
import io.minio.errors.ErrorResponseException;
import io.minio.errors.InsufficientDataException;
import io.minio.errors.InternalException;
import io.minio.errors.InvalidResponseException;
import io.minio.errors.ServerException;
import io.minio.errors.XmlParserException;
import io.minio.messages.Item;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// A bucket of an S3 server, made with the first artifact that is put into it.
public final class S3Artifacts implements ArtifactStore {

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);
  private static final Set<String> ABSENT = Set.of("NoSuchKey", "NoSuchBucket");
  private static final Set<String> MADE =
      Set.of("BucketAlreadyOwnedByYou", "BucketAlreadyExists", "OperationAborted");

  private final MinioClient client;
  private final String bucket;
  private final FailsafeExecutor<Object> patiently;

  /// @param patience how long a call goes on trying while the server is away
  public S3Artifacts(MinioClient client, String bucket, Duration patience) {
    this.client = client;
    this.bucket = bucket;
    patiently =
        Failsafe.with(
            RetryPolicy.builder()
                .handleIf(S3Artifacts::isPassing)
                .withBackoff(FIRST_PAUSE, LONGEST_PAUSE)
                .withJitter(0.25)
                .withMaxRetries(-1)
                .withMaxDuration(patience)
                .build());
  }

  @Override
  public void put(String key, byte[] bytes, String contentType) {
    call(
        "keep " + key,
        key,
        () -> {
          try {
            return putOnce(key, bytes, contentType);
          } catch (ErrorResponseException e) {
            if (!e.errorResponse().code().equals("NoSuchBucket")) {
              throw e;
            }
            makeBucket();
            return putOnce(key, bytes, contentType);
          }
        });
  }

  private Object putOnce(String key, byte[] bytes, String contentType) throws Exception {
    return client.putObject(
        PutObjectArgs.builder().bucket(bucket).object(key).contentType(contentType).stream(
                new ByteArrayInputStream(bytes), bytes.length, -1)
            .build());
  }

  private void makeBucket() throws Exception {
    try {
      client.makeBucket(MakeBucketArgs.builder().bucket(bucket).build());
    } catch (ErrorResponseException e) {
      // another process was faster
      if (!MADE.contains(e.errorResponse().code())) {
        throw e;
      }
    }
  }

  @Override
  public byte[] get(String key) {
    return call(
        "give " + key,
        key,
        () -> {
          try (var response =
              client.getObject(GetObjectArgs.builder().bucket(bucket).object(key).build())) {
            return response.readAllBytes();
          }
        });
  }

  @Override
  public boolean exists(String key) {
    try {
      call(
          "look for " + key,
          key,
          () -> client.statObject(StatObjectArgs.builder().bucket(bucket).object(key).build()));
      return true;
    } catch (ArtifactException.NotFound _) {
      return false;
    }
  }

  @Override
  public void copy(String from, String to) {
    CopySource source = CopySource.builder().bucket(bucket).object(from).build();
    call(
        "copy %s to %s".formatted(from, to),
        from,
        () ->
            client.copyObject(
                CopyObjectArgs.builder().bucket(bucket).object(to).source(source).build()));
  }

  @Override
  public void delete(String key) {
    try {
      call(
          "remove " + key,
          key,
          () -> {
            client.removeObject(RemoveObjectArgs.builder().bucket(bucket).object(key).build());
            return key;
          });
    } catch (ArtifactException.NotFound _) {
      // gone already, as was asked
    }
  }

  @Override
  public List<String> list(String prefix) {
    return call(
        "list " + prefix,
        prefix,
        () -> {
          if (!client.bucketExists(BucketExistsArgs.builder().bucket(bucket).build())) {
            return List.of();
          }
          List<String> keys = new ArrayList<>();
          for (Result<Item> item :
              client.listObjects(
                  ListObjectsArgs.builder()
                      .bucket(bucket)
                      .prefix(prefix)
                      .recursive(true)
                      .build())) {
            keys.add(item.get().objectName());
          }
          return keys;
        });
  }

  @Override
  public void deleteAll(String prefix) {
    list(prefix).forEach(this::delete);
  }

  @Override
  public String toString() {
    return "the store (bucket '%s')".formatted(bucket);
  }

  private <T> T call(String what, String key, CheckedSupplier<T> request) {
    try {
      return patiently.get(request);
    } catch (FailsafeException e) {
      throw translated(what, key, e.getCause() == null ? e : e.getCause());
    } catch (RuntimeException e) {
      throw translated(what, key, e);
    }
  }

  private ArtifactException translated(String what, String key, Throwable error) {
    if (isPassing(error)) {
      return new ArtifactException.Unreachable(what, toString(), error);
    }
    if (error instanceof ErrorResponseException e && ABSENT.contains(e.errorResponse().code())) {
      return new ArtifactException.NotFound(key, toString());
    }
    String reason =
        error instanceof ErrorResponseException e ? e.errorResponse().code() : error.toString();
    return new ArtifactException.Refused(what, toString(), reason, error);
  }

  /// Whether the same request may well succeed later: the server is away, or says that it is in
  /// trouble.
  private static boolean isPassing(Throwable error) {
    return switch (error) {
      case ErrorResponseException e ->
          e.response().code() >= 500 || e.errorResponse().code().equals("SlowDown");
      case ServerException _, InternalException _, InsufficientDataException _ -> true;
      case InvalidResponseException _, XmlParserException _ -> true;
      default -> error instanceof IOException;
    };
  }
}
