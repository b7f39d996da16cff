package io.espalier.flow.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ModelThreadsTest {

  private final ModelThreads one = new ModelThreads(1);

  @Test
  void aRemoteCallTakesNoThreadOfThoseThatComputeAndIsNoHangingCall() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CompletableFuture<String> answer = new CompletableFuture<>();
    try (ExecutorService waiting = Executors.newVirtualThreadPerTaskExecutor()) {
      CompletableFuture<ModelThreads.Made<String>> remote =
          CompletableFuture.supplyAsync(
              () ->
                  one.callRemote(
                      waiting,
                      () -> {
                        begun.countDown();
                        return answer.join();
                      }),
              waiting);
      assertThat(begun.await(5, TimeUnit.SECONDS)).isTrue();

      assertThat(one.call(() -> "computed").result()).isEqualTo("computed");
      assertThat(one.oldestNanos()).isZero();

      answer.complete("remote");
      assertThat(remote.get().result()).isEqualTo("remote");
    }
  }

  @Test
  void aCallThatFailsFailsAsItDid() {
    assertThatThrownBy(
            () ->
                one.callRemote(
                    Runnable::run,
                    () -> {
                      throw new IllegalArgumentException("no");
                    }))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no");
  }
}
