package io.espalier.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.junit.jupiter.api.Test;

class LastingThreadTest {

  private static final Duration LONG = Duration.ofHours(1);

  private final BlockingQueue<String> done = new LinkedBlockingQueue<>();

  private String next() throws InterruptedException {
    return Objects.requireNonNull(done.poll(30, TimeUnit.SECONDS), "nothing more was done");
  }

  /// Fails as many times as there are failures.
  private Runnable failing(Throwable... failures) {
    Semaphore left = new Semaphore(failures.length);
    return () -> {
      if (left.tryAcquire()) {
        done.add("failed");
        LastingThreadTest.<RuntimeException>raise(failures[left.availablePermits()]);
      }
      done.add("done");
    };
  }

  @SuppressWarnings("unchecked")
  private static <E extends Throwable> void raise(Throwable failure) throws E {
    throw (E) failure;
  }

  @Test
  void anErrorEndsNoRoundsAndIsSeenUntilOneIsGood() throws InterruptedException {
    Runnable round = failing(new OutOfMemoryError("pretended"));
    Semaphore go = new Semaphore(1);
    try (Rounds rounds =
        Rounds.start(
            "test",
            Duration.ofMillis(1),
            () -> {
              go.acquireUninterruptibly();
              round.run();
            })) {
      assertThat(next()).isEqualTo("failed");
      await().until(() -> !rounds.healthy());
      go.release();
      assertThat(next()).isEqualTo("done");
      go.release(1_000_000);
      await().until(rounds::healthy);
    }
  }

  @Test
  void anInterruptThatIsNoStopEndsNoRounds() throws InterruptedException {
    Semaphore first = new Semaphore(1);
    try (Rounds rounds =
        Rounds.start(
            "test",
            Duration.ofMillis(1),
            () -> {
              done.add("done");
              if (first.tryAcquire()) {
                Thread.currentThread().interrupt();
              }
            })) {
      next();
      next();
      next();
      assertThat(rounds.healthy()).isTrue();
    }
  }

  @Test
  void aFailedRoundIsNoFault() throws InterruptedException {
    try (Rounds rounds =
        Rounds.start(
            "test",
            Duration.ofMillis(1),
            failing(new IllegalStateException("the store is away")))) {
      next();
      assertThat(next()).isEqualTo("done");
      assertThat(rounds.healthy()).isTrue();
    }
  }

  @Test
  void stoppedRoundsAreNotHealthy() {
    Rounds rounds = Rounds.start("test", LONG, () -> {});
    rounds.close();
    assertThat(rounds.healthy()).isFalse();
  }

  @Test
  void anErrorEndsNoReaderAndWhatItHadReadIsReadAgain() throws InterruptedException {
    Runnable turn = failing(new StackOverflowError(), new IllegalStateException());
    BlockingQueue<KafkaConsumer<byte[], byte[]>> consumers = new LinkedBlockingQueue<>();
    ConsumerThread thread =
        new ConsumerThread(
            "test",
            Map.of("bootstrap.servers", "localhost:1"),
            Map.of(),
            consumer -> {
              consumers.add(consumer);
              turn.run();
            });
    thread.start();
    assertThat(next()).isEqualTo("failed");
    assertThat(next()).isEqualTo("failed");
    assertThat(next()).isEqualTo("done");
    thread.stop();
    assertThat(consumers.stream().limit(3).distinct()).hasSize(3);
    assertThat(thread.healthy()).isFalse();
  }
}
