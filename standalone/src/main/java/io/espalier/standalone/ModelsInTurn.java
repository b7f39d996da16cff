package io.espalier.standalone;

import io.espalier.contracts.JobRequest;
import io.espalier.models.Hardware;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;

/// Searches within this process, one after the other, with whatever models each one asks for.
/// Those of the last one stay loaded. For one thread.
final class ModelsInTurn implements Searches, AutoCloseable {

  /// Which models a request needs.
  private record Needed(@Nullable String bundle, @Nullable Map<String, Double> verifiers) {}

  private final ExecutorService executor;
  private final Hardware hardware;
  private @Nullable Needed loaded;
  private @Nullable InProcess searches;

  ModelsInTurn(ExecutorService executor, Hardware hardware) {
    this.executor = executor;
    this.hardware = hardware;
  }

  @Override
  public Outcome run(JobRequest request, Watcher watcher) throws InterruptedException {
    Needed needed = new Needed(request.bundle(), request.verifiers());
    if (!needed.equals(loaded)) {
      close();
      searches = InProcess.prepare(Home.bundles(), request, executor, hardware);
      loaded = needed;
    }
    return Objects.requireNonNull(searches).run(request, watcher);
  }

  @Override
  public void close() {
    if (searches != null) {
      searches.close();
    }
    loaded = null;
  }
}
