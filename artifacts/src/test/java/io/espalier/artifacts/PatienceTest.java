package io.espalier.artifacts;

import static io.espalier.artifacts.FaultyS3.BUCKET;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.minio.MinioAsyncClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A call takes at most its patience, whatever hangs, and many calls run at once.
@Timeout(60)
class PatienceTest {

  private static final Duration PATIENCE = Duration.ofSeconds(1);
  private static final Duration AT_MOST = Duration.ofSeconds(3);

  @Test
  void aServerThatNeverAnswersEndsWithPatience() throws Exception {
    AtomicReference<FaultyS3> self = new AtomicReference<>();
    try (FaultyS3 server = new FaultyS3(_ -> self.get().hang())) {
      self.set(server);
      ArtifactStore store = store(server.client(), PATIENCE);
      assertEndsInTime(() -> store.get("key"));
      assertEndsInTime(() -> store.put("key", new byte[100_000], "image/png"));
      assertEndsInTime(() -> store.exists("key"));
      assertEndsInTime(() -> store.deleteAll("candidates/1/"));
    }
  }

  @Test
  void aServerThatTricklesEndsWithPatience() throws Exception {
    AtomicReference<FaultyS3> self = new AtomicReference<>();
    try (FaultyS3 server = new FaultyS3(request -> self.get().trickle(request))) {
      self.set(server);
      ArtifactStore store = store(server.client(), PATIENCE);
      assertEndsInTime(() -> store.get("key"));
    }
  }

  @Test
  void aServerThatStopsReadingEndsWithPatience() throws Exception {
    try (ServerSocket deaf = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      ArtifactStore store = store(client(deaf.getLocalPort()), PATIENCE);
      assertEndsInTime(() -> store.put("key", new byte[30_000_000], "image/png"));
    }
  }

  @Test
  void anAddressThatSwallowsConnectionsEndsWithPatience() throws Exception {
    List<Socket> waiting = new ArrayList<>();
    try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(
              () -> {
                while (true) {
                  Socket socket = new Socket();
                  waiting.add(socket);
                  socket.connect(
                      new InetSocketAddress(full.getInetAddress(), full.getLocalPort()), 200);
                }
              })
          .as("the queue of connections is full")
          .isInstanceOf(IOException.class);
      assertEndsInTime(() -> store(client(full.getLocalPort()), PATIENCE).get("key"));
    } finally {
      for (Socket socket : waiting) {
        socket.close();
      }
    }
  }

  @Test
  void aSecondAttemptIsMadeWhereTheFirstConnectionIsDead() throws Exception {
    AtomicReference<FaultyS3> self = new AtomicReference<>();
    AtomicInteger asked = new AtomicInteger();
    try (FaultyS3 server =
        new FaultyS3(
            request -> {
              if (asked.incrementAndGet() == 1) {
                self.get().hang();
              } else {
                FaultyS3.bytes(request, 200, new byte[] {7});
              }
            })) {
      self.set(server);
      assertThat(store(server.client(), Duration.ofSeconds(4)).get("key")).containsExactly(7);
    }
  }

  @Test
  void anInterruptEndsACallAtOnceAndIsPassedOn() throws Exception {
    AtomicReference<FaultyS3> self = new AtomicReference<>();
    try (FaultyS3 server = new FaultyS3(request -> self.get().trickle(request))) {
      self.set(server);
      assertInterruptible(store(server.client(), Duration.ofMinutes(5)), server);
    }
    try (FaultyS3 server = new FaultyS3(request -> FaultyS3.error(request, 503, "SlowDown"))) {
      assertInterruptible(store(server.client(), Duration.ofMinutes(5)), server);
    }
  }

  private static void assertInterruptible(ArtifactStore store, FaultyS3 server) throws Exception {
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    AtomicReference<Boolean> interrupted = new AtomicReference<>();
    Thread caller =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    store.get("key");
                  } catch (RuntimeException e) {
                    thrown.set(e);
                    interrupted.set(Thread.currentThread().isInterrupted());
                  }
                });
    await().until(() -> !server.requests().isEmpty());
    caller.interrupt();
    assertThat(caller.join(Duration.ofSeconds(5))).as("the call has ended").isTrue();
    assertThat(thrown.get()).isInstanceOf(ArtifactException.Interrupted.class);
    assertThat(interrupted.get()).as("the thread is still interrupted").isTrue();
  }

  @Test
  void asManyCallsRunAtOnceAsConfigured() throws Exception {
    int atOnce = 48;
    CyclicBarrier allThere = new CyclicBarrier(atOnce);
    try (FaultyS3 server =
            new FaultyS3(
                request -> {
                  try {
                    allThere.await(20, TimeUnit.SECONDS);
                    FaultyS3.bytes(request, 200, new byte[] {7});
                  } catch (Exception e) {
                    throw new IOException("not all calls came at once", e);
                  }
                });
        ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      ArtifactStore store =
          new S3Artifacts(server.client(), BUCKET, Duration.ofSeconds(30), atOnce);
      List<Future<byte[]>> got = new ArrayList<>();
      for (int i = 0; i < atOnce; i++) {
        String key = "key" + i;
        got.add(callers.submit(() -> store.get(key)));
      }
      got.forEach(g -> assertThat(g).succeedsWithin(Duration.ofSeconds(30)));
    }
  }

  @Test
  void noMoreCallsRunAtOnceThanConfigured() throws Exception {
    AtomicInteger now = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CountDownLatch go = new CountDownLatch(1);
    try (FaultyS3 server =
            new FaultyS3(
                request -> {
                  most.accumulateAndGet(now.incrementAndGet(), Math::max);
                  try {
                    go.await();
                  } catch (InterruptedException e) {
                    throw new IOException(e);
                  }
                  now.decrementAndGet();
                  FaultyS3.bytes(request, 200, new byte[] {7});
                });
        ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      ArtifactStore store = new S3Artifacts(server.client(), BUCKET, Duration.ofSeconds(30), 3);
      List<Future<byte[]>> got = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        got.add(callers.submit(() -> store.get("key")));
      }
      await().until(() -> now.get() == 3);
      go.countDown();
      got.forEach(g -> assertThat(g).succeedsWithin(Duration.ofSeconds(30)));
      assertThat(most).hasValue(3);
    }
  }

  private static void assertEndsInTime(Runnable call) {
    long from = System.nanoTime();
    assertThatThrownBy(call::run).isInstanceOf(ArtifactException.Unreachable.class);
    assertThat(Duration.ofNanos(System.nanoTime() - from)).isLessThan(AT_MOST);
  }

  private static ArtifactStore store(MinioAsyncClient client, Duration patience) {
    return new S3Artifacts(client, BUCKET, patience, 64);
  }

  private static MinioAsyncClient client(int port) {
    return MinioAsyncClient.builder()
        .endpoint("http://127.0.0.1:" + port)
        .credentials("access", "secret")
        .region("us-east-1")
        .build();
  }
}
