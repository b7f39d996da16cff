package io.espalier.standalone;

import io.espalier.contracts.CatalogEntry;
import io.espalier.infra.InfraException;
import io.espalier.infra.Infrastructure;
import io.espalier.infra.Ports;
import io.espalier.models.Bundle;
import io.espalier.models.Bundles;
import io.espalier.models.Hardware;
import io.espalier.models.Manifest;
import io.espalier.models.ModelException;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import jakarta.inject.Singleton;
import java.net.BindException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.microprofile.config.ConfigProvider;
import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;

/// Every service in this process, over embedded servers that keep their state in one folder.
final class Services {

  /// What is done while they run.
  @FunctionalInterface
  interface Work {

    /// Does the work.
    ///
    /// @return the process' exit status
    /// @throws InterruptedException where the process is told to end; the services still run then
    int with(Api api) throws InterruptedException;
  }

  /// How the services run.
  ///
  /// @param port of the HTTP API on this machine; 0 for any
  /// @param served what is served
  /// @param hardware what models run on
  /// @param logged whether the log goes to standard output, besides the data folder
  record Setup(Path data, int port, Served served, Hardware hardware, boolean logged) {}

  /// What the fleets in this process serve.
  ///
  /// @param generators the names or folders of their bundles
  /// @param verifiers the names of their bundles
  /// @param names what jobs call them all
  record Served(List<String> generators, List<String> verifiers, Set<String> names) {

    /// Everything that is installed.
    static Served installed(Bundles bundles) {
      List<String> generators = new ArrayList<>();
      List<String> verifiers = new ArrayList<>();
      for (Path folder : bundles.folders()) {
        boolean scores = Bundle.open(folder).manifest().kind().equals(Manifest.VERIFIER);
        (scores ? verifiers : generators).add(folder.getFileName().toString());
      }
      return of(bundles, generators, verifiers);
    }

    static Served of(Bundles bundles, List<String> generators, List<String> verifiers) {
      Set<String> names = new HashSet<>(verifiers);
      generators.forEach(name -> names.add(bundles.open(name).manifest().name()));
      return new Served(generators, verifiers, names);
    }
  }

  /// What a shell says of a process that Ctrl-C ended.
  static final int INTERRUPTED = 130;

  private static final String HOST = "127.0.0.1";
  private static final Duration LOOK = Duration.ofMillis(50);

  private Services() {}

  /// Starts everything, works and stops everything.
  ///
  /// @throws InfraException where a server cannot start
  /// @throws CommandException where a service cannot
  static int during(Setup setup, Work work) {
    try (Infrastructure servers = Infrastructure.start(setup.data(), Ports.ANY)) {
      Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(servers::close));
      configure(setup, servers);
      return Hosted.run(setup, work);
    }
  }

  private static void configure(Setup setup, Infrastructure servers) {
    Map<String, String> properties = Servers.properties(servers);
    properties.put("quarkus.http.host", HOST);
    properties.put("quarkus.http.port", Integer.toString(setup.port()));
    properties.put("quarkus.log.console.enabled", Boolean.toString(setup.logged()));
    properties.put("quarkus.log.file.path", setup.data().resolve("espalier.log").toString());
    properties.put("espalier.instance", "standalone");
    properties.put("espalier.models.folder", Home.bundlesFolder().toString());
    properties.put("espalier.models.device", setup.hardware().device());
    properties.put("espalier.models.threads", Integer.toString(setup.hardware().calls()));
    setup
        .hardware()
        .memory()
        .ifPresent(bytes -> properties.put("espalier.models.memory", Long.toString(bytes)));
    properties.put(
        "espalier.search.expansion.generators", String.join(",", setup.served().generators()));
    properties.put("espalier.verification.verifiers", String.join(",", setup.served().verifiers()));
    properties.put(
        "espalier.search.pruning.state-folder", setup.data().resolve("pruning").toString());
    properties.forEach(System::setProperty);
  }

  /// The work as Quarkus sees it, which makes this object itself.
  @Singleton
  static final class Hosted implements QuarkusApplication {

    private record Task(
        Setup setup, Work work, AtomicReference<@Nullable RuntimeException> failure) {}

    private static final AtomicReference<@Nullable Task> TASK = new AtomicReference<>();

    static int run(Setup setup, Work work) {
      Task task = new Task(setup, work, new AtomicReference<>());
      TASK.set(task);
      AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
      AtomicReference<Integer> status = new AtomicReference<>(1);
      Quarkus.run(
          Hosted.class,
          (code, error) -> {
            status.set(code);
            failure.set(error);
          });
      RuntimeException ofWork = task.failure().get();
      if (ofWork != null) {
        throw ofWork;
      }
      Throwable ofServices = failure.get();
      if (ofServices != null) {
        throw explained(setup, ofServices);
      }
      return status.get();
    }

    private static RuntimeException explained(Setup setup, Throwable error) {
      for (Throwable cause = error; cause != null; cause = cause.getCause()) {
        if (cause instanceof BindException) {
          return new CommandException(
              "the HTTP API cannot listen on port %d of %s: it is in use; end the process that has it, or choose another --port"
                  .formatted(setup.port(), HOST),
              error);
        }
        if (cause instanceof ModelException) {
          return new CommandException("the services did not start: " + cause.getMessage(), error);
        }
      }
      return new CommandException(
          "the services did not start: %s; %s has more"
              .formatted(error, setup.data().resolve("espalier.log")),
          error);
    }

    @Override
    public int run(String... arguments) throws InterruptedException {
      Task task = Objects.requireNonNull(TASK.get());
      endInGoodOrder(Thread.currentThread());
      try {
        int port = ConfigProvider.getConfig().getValue("quarkus.http.port", Integer.class);
        Api api = new Api(URI.create("http://%s:%d".formatted(HOST, port)));
        awaitServed(api, task.setup().served());
        return task.work().with(api);
      } catch (RuntimeException e) {
        task.failure().set(e);
        return 1;
      } catch (InterruptedException _) {
        return INTERRUPTED;
      }
    }

    /// The first signal lets the work end while the services still run; the second ends all.
    private static void endInGoodOrder(Thread worker) {
      AtomicBoolean told = new AtomicBoolean();
      for (String signal : List.of("INT", "TERM")) {
        Signals.register(
            signal,
            () -> {
              if (told.getAndSet(true)) {
                Runtime.getRuntime().halt(INTERRUPTED);
              }
              worker.interrupt();
            });
      }
    }
  }

  /// Waits until a gateway knows workers for everything.
  static void awaitServed(Api api, Served served) throws InterruptedException {
    while (!names(api.bundles().bundles()).containsAll(served.names())) {
      Thread.sleep(LOOK);
    }
  }

  private static Set<String> names(Collection<CatalogEntry> entries) {
    Set<String> names = new HashSet<>();
    entries.forEach(entry -> names.add(entry.name()));
    return names;
  }
}
