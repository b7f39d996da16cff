package io.espalier.artifacts;

import dev.failsafe.ExecutionContext;
import dev.failsafe.Failsafe;
import dev.failsafe.FailsafeException;
import dev.failsafe.FailsafeExecutor;
import dev.failsafe.RetryPolicy;
import io.minio.BucketExistsArgs;
import io.minio.CopyObjectArgs;
import io.minio.CopySource;
import io.minio.GetObjectArgs;
import io.minio.MakeBucketArgs;
import io.minio.MinioAsyncClient;
import io.minio.ObjectWriteResponse;
import io.minio.PutObjectArgs;
import io.minio.RemoveObjectArgs;
import io.minio.StatObjectArgs;
import io.minio.errors.ErrorResponseException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import okhttp3.MediaType;
import org.jspecify.annotations.Nullable;

/// A bucket of an S3 server, made with the first artifact that is put into it.
///
/// Patience bounds each call from its begin to its end: waiting for one of the requests that run
/// at once, the name service, connecting, sending, the server, reading, all attempts and the
/// pauses between them. A connection that is silent for half of it is given up, so that a second
/// attempt is left.
public final class S3Artifacts implements ArtifactStore {

  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

  /// With less left, another attempt would only hide what the last one found.
  private static final Duration SHORTEST_ATTEMPT = Duration.ofMillis(20);

  private static final Set<String> MADE =
      Set.of("BucketAlreadyOwnedByYou", "BucketAlreadyExists", "OperationAborted");
  private static final String NO_SUCH_RANGE = "InvalidRange";
  private static final long SMALLEST_PART = 5L * 1024 * 1024;

  private final S3Client client;
  private final String bucket;
  private final Duration patience;
  private final FailsafeExecutor<Object> patiently;

  /// @param client says where the server is and what the keys are; its time-outs, and how many
  ///     requests it runs at once, do not count
  /// @param patience how long a call may take
  /// @param atOnce how many requests run at once; further calls wait, within their patience
  /// @throws IllegalArgumentException where the bucket's name or a number cannot be
  public S3Artifacts(MinioAsyncClient client, String bucket, Duration patience, int atOnce) {
    if (patience.compareTo(SHORTEST_ATTEMPT) < 0) {
      throw new IllegalArgumentException(
          "the patience for artifacts is %s; it must be %s or more"
              .formatted(patience, SHORTEST_ATTEMPT));
    }
    if (atOnce < 1) {
      throw new IllegalArgumentException(
          "%d requests for artifacts at once cannot be; it must be 1 or more".formatted(atOnce));
    }
    try {
      Objects.requireNonNull(BucketExistsArgs.builder().bucket(bucket).build());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "the bucket for artifacts cannot be named '%s': %s"
              .formatted(Keys.shown(bucket), e.getMessage()),
          e);
    }
    this.client = new S3Client(client, patience.dividedBy(2), atOnce);
    this.bucket = bucket;
    this.patience = patience;
    patiently =
        Failsafe.with(
            RetryPolicy.builder()
                .handleIf(error -> error instanceof Exception e && Fault.of(e).isPassing())
                .withBackoff(FIRST_PAUSE, LONGEST_PAUSE)
                .withJitter(0.25)
                .withMaxRetries(-1)
                .withMaxDuration(patience)
                .build());
  }

  @Override
  public void put(String key, byte[] bytes, String contentType) {
    Keys.check(key);
    if (MediaType.parse(contentType) == null) {
      throw new IllegalArgumentException(
          "'%s' is not a content type such as image/png".formatted(Keys.shown(contentType)));
    }
    S3Client.Request<ObjectWriteResponse> request =
        attempt ->
            attempt.putObject(
                PutObjectArgs.builder().bucket(bucket).object(key).contentType(contentType).stream(
                        new ByteArrayInputStream(bytes),
                        bytes.length,
                        // in one request, whatever its size
                        Math.max(bytes.length, SMALLEST_PART))
                    .build());
    call(
        "keep " + key,
        key,
        turn -> {
          try {
            return turn.await(request);
          } catch (ErrorResponseException e) {
            if (Fault.of(e).kind() != Fault.Kind.MISSING_BUCKET) {
              throw e;
            }
          }
          makeBucket(turn);
          try {
            return turn.await(request);
          } catch (ErrorResponseException e) {
            if (Fault.of(e).kind() != Fault.Kind.MISSING_BUCKET) {
              throw e;
            }
            throw new IOException("the bucket is being made", e);
          }
        });
  }

  private void makeBucket(Turn turn) throws Exception {
    try {
      turn.await(attempt -> attempt.makeBucket(MakeBucketArgs.builder().bucket(bucket).build()));
    } catch (ErrorResponseException e) {
      // another process was faster
      if (!MADE.contains(e.errorResponse().code())) {
        throw e;
      }
    }
  }

  @Override
  public byte[] get(String key) {
    Keys.check(key);
    return ask(
        "give " + key,
        key,
        attempt -> attempt.bytes(GetObjectArgs.builder().bucket(bucket).object(key).build()));
  }

  @Override
  public byte[] head(String key, int length) {
    Keys.check(key);
    GetObjectArgs range =
        GetObjectArgs.builder().bucket(bucket).object(key).offset(0L).length((long) length).build();
    return call(
        "give the beginning of " + key,
        key,
        turn -> {
          try {
            return turn.await(attempt -> attempt.bytes(range));
          } catch (ErrorResponseException e) {
            if (e.errorResponse().code().equals(NO_SUCH_RANGE)) {
              return new byte[0]; // no range of nothing can be given
            }
            throw e;
          }
        });
  }

  @Override
  public boolean exists(String key) {
    Keys.check(key);
    try {
      ask(
          "look for " + key,
          key,
          attempt ->
              attempt.statObject(StatObjectArgs.builder().bucket(bucket).object(key).build()));
      return true;
    } catch (ArtifactException.NotFound _) {
      return false;
    }
  }

  @Override
  public void copy(String from, String to) {
    Keys.check(from);
    Keys.check(to);
    CopySource source = CopySource.builder().bucket(bucket).object(from).build();
    ask(
        "copy %s to %s".formatted(from, to),
        from,
        attempt ->
            attempt.copyObject(
                CopyObjectArgs.builder().bucket(bucket).object(to).source(source).build()));
  }

  @Override
  public void delete(String key) {
    Keys.check(key);
    try {
      ask(
          "remove " + key,
          key,
          attempt ->
              attempt.removeObject(RemoveObjectArgs.builder().bucket(bucket).object(key).build()));
    } catch (ArtifactException.NotFound _) {
      // gone already, as was asked
    }
  }

  @Override
  public Stream<String> list(String prefix) {
    return pages(prefix).flatMap(page -> page.keys().stream());
  }

  @Override
  public void deleteAll(String prefix) {
    Removal removal = new Removal(this);
    pages(prefix).forEach(page -> removal.remove(page.keys()));
    removal.check("remove " + prefix);
  }

  private Stream<Page> pages(String prefix) {
    Keys.checkPrefix(prefix);
    return Stream.iterate(
        page(prefix, null),
        Objects::nonNull,
        page -> page.next() == null ? null : page(prefix, page.next()));
  }

  private Page page(String prefix, @Nullable String from) {
    try {
      return ask("list " + prefix, prefix, attempt -> attempt.page(bucket, prefix, from));
    } catch (ArtifactException.NotFound _) {
      return Page.EMPTY; // there is no bucket yet
    }
  }

  @Override
  public String toString() {
    return "the store (bucket '%s')".formatted(bucket);
  }

  String bucket() {
    return bucket;
  }

  private <T> T ask(String what, String key, S3Client.Request<T> request) {
    return call(what, key, turn -> turn.await(request));
  }

  /// Does what may take several requests, and all of it again while its errors pass.
  <T> T call(String what, String key, Work<T> work) {
    try {
      return patiently.get(context -> work.in(new Turn(context)));
    } catch (FailsafeException e) {
      throw translated(what, key, e.getCause() instanceof Exception cause ? cause : e);
    } catch (RuntimeException e) {
      throw translated(what, key, e);
    }
  }

  /// What is done in each round of a call.
  interface Work<T> {
    T in(Turn turn) throws Exception;
  }

  /// One round of a call, with what is left of its patience.
  final class Turn {

    private final ExecutionContext<?> context;

    private Turn(ExecutionContext<?> context) {
      this.context = context;
    }

    /// Makes one attempt.
    <T> T await(S3Client.Request<T> request) throws Exception {
      Duration left = patience.minus(context.getElapsedTime());
      if (left.compareTo(SHORTEST_ATTEMPT) < 0) {
        if (context.getLastException() instanceof Exception last) {
          throw last;
        }
        throw new IOException("patience has run out");
      }
      return client.attempt(left, request);
    }
  }

  private ArtifactException translated(String what, String key, Exception error) {
    if (error instanceof ArtifactException e) {
      return e;
    }
    if (error instanceof InterruptedException) {
      Thread.currentThread().interrupt();
      return new ArtifactException.Interrupted(what, toString(), error);
    }
    Fault fault = Fault.of(error);
    return switch (fault.kind()) {
      case SILENT ->
          new ArtifactException.Unreachable(
              what, toString(), patience, fault.reason(), false, error);
      case PASSING ->
          new ArtifactException.Unreachable(
              what, toString(), patience, fault.reason(), true, error);
      case MISSING_KEY -> new ArtifactException.NotFound(key, toString(), false);
      case MISSING_BUCKET -> new ArtifactException.NotFound(key, toString(), true);
      case INVALID_KEY -> new ArtifactException.InvalidKey(key, fault.reason(), error);
      case REFUSED ->
          new ArtifactException.Refused(what, toString(), fault.code(), fault.reason(), error);
    };
  }
}
