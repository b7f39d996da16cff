package io.espalier.artifacts;

import io.minio.GetObjectArgs;
import io.minio.GetObjectResponse;
import io.minio.MinioAsyncClient;
import io.minio.messages.DeleteError;
import io.minio.messages.DeleteObject;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.EventListener;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/// The MinIO client with bounds. As it comes, it runs five requests at once, waits five minutes
/// for a silent server and for ever for one that sends a byte now and then, and lets a request
/// run on when its caller is interrupted. Here an attempt ends within its limit, whatever hangs,
/// and takes its requests with it. Thread-safe.
///
/// Each attempt has a client of its own that shares connections, threads and what is known of
/// regions with the others; to make one costs microseconds.
final class S3Client extends MinioAsyncClient {

  private static final int LARGEST_PAGE = 1_000;
  private static final int KEPT_IDLE_MINUTES = 1;

  private final Executor readers = Executors.newVirtualThreadPerTaskExecutor();

  /// @param silence how long to wait for a connection, and for a byte
  /// @param atOnce how many requests run at once; others wait
  S3Client(MinioAsyncClient client, Duration silence, int atOnce) {
    super(client);
    Dispatcher dispatcher = new Dispatcher(Executors.newVirtualThreadPerTaskExecutor());
    dispatcher.setMaxRequests(atOnce);
    dispatcher.setMaxRequestsPerHost(atOnce);
    httpClient =
        httpClient
            .newBuilder()
            .dispatcher(dispatcher)
            .connectionPool(new ConnectionPool(atOnce, KEPT_IDLE_MINUTES, TimeUnit.MINUTES))
            .connectTimeout(silence)
            .readTimeout(silence)
            .writeTimeout(silence)
            .build();
  }

  /// One thing that is asked of the server; may take several requests.
  interface Request<T> {
    CompletableFuture<T> send(Attempt client) throws Exception;
  }

  /// Makes an attempt and waits for what comes of it.
  ///
  /// @param limit how long it may take at most
  /// @throws InterruptedIOException where the limit is over
  <T> T attempt(Duration limit, Request<T> request) throws Exception {
    Attempt attempt = new Attempt(this, limit);
    try {
      return request.send(attempt).get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException | CompletionException e) {
      throw rethrown(e);
    } catch (TimeoutException _) {
      attempt.cancel();
      throw forgotten(new InterruptedIOException("no answer for " + limit));
    } catch (InterruptedException e) {
      attempt.cancel();
      throw e;
    } finally {
      regionCache.putAll(attempt.regions());
    }
  }

  private Exception rethrown(Throwable error) {
    Throwable cause = error;
    while ((cause instanceof ExecutionException || cause instanceof CompletionException)
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return switch (cause) {
      case Error e -> throw e;
      case InterruptedIOException e -> forgotten(e);
      case Exception e -> e;
      default -> new IllegalStateException(cause);
    };
  }

  /// Where one connection is dead, the idle ones may be dead too: the next attempt opens another.
  private InterruptedIOException forgotten(InterruptedIOException silent) {
    httpClient.connectionPool().evictAll();
    return silent;
  }

  /// Does nothing: idle connections close by themselves.
  @Override
  public void close() {}

  /// The client of one attempt.
  static final class Attempt extends MinioAsyncClient {

    private final S3Client whole;
    private final List<Call> calls = new CopyOnWriteArrayList<>();
    private volatile boolean cancelled;

    private Attempt(S3Client whole, Duration limit) {
      super(whole);
      this.whole = whole;
      regionCache.putAll(whole.regionCache);
      OkHttpClient.Builder bounded = httpClient.newBuilder();
      bounded.callTimeout(limit);
      bounded.eventListener(
          new EventListener() {
            @Override
            public void callStart(Call call) {
              calls.add(call);
              if (cancelled) {
                call.cancel();
              }
            }
          });
      httpClient = bounded.build();
    }

    /// Does nothing: the connections are shared.
    @Override
    public void close() {}

    private void cancel() {
      cancelled = true;
      calls.forEach(Call::cancel);
    }

    private Map<String, String> regions() {
      return regionCache;
    }

    /// An object's bytes. They are read on a thread that the caller need not wait for.
    CompletableFuture<byte[]> bytes(GetObjectArgs object) throws Exception {
      return getObject(object).thenApplyAsync(Attempt::read, whole.readers);
    }

    private static byte[] read(GetObjectResponse answer) {
      try (answer) {
        return answer.readAllBytes();
      } catch (IOException e) {
        throw new CompletionException(e);
      }
    }

    /// Lists up to a thousand keys.
    ///
    /// @param from where the page before ended
    CompletableFuture<Page> page(String bucket, String prefix, @Nullable String from)
        throws Exception {
      return listObjectsV2Async(
              bucket, null, "", "url", null, LARGEST_PAGE, prefix, from, false, false, null, null)
          .thenApply(answer -> Page.of(answer.result()));
    }

    /// Removes up to a thousand keys; returns what could not be removed.
    CompletableFuture<List<DeleteError>> remove(String bucket, List<String> keys) throws Exception {
      List<DeleteObject> objects = keys.stream().map(DeleteObject::new).toList();
      return deleteObjectsAsync(bucket, null, objects, true, false, null, null)
          .thenApply(answer -> answer.result().errorList());
    }
  }
}
