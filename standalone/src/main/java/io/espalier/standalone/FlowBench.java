package io.espalier.standalone;

import io.espalier.contracts.JobRequest;
import io.espalier.infra.Infrastructure;
import io.espalier.infra.Ports;
import io.espalier.models.Hardware;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import picocli.CommandLine;

/// What the parts of `espalier bench flow` share: servers as processes of their own, and the search
/// that they measure.
final class FlowBench implements AutoCloseable {

  private static final Pattern SERVES = Pattern.compile("espalier serves at (\\S+),");
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(10);
  private static final int OK = 200;

  private final Path folder;
  private final Hardware hardware;
  private final int rounds;
  private final Processes processes;
  private int services;

  /// @param folder for logs and servers' data
  /// @param rounds how often what is quick is measured
  FlowBench(Path folder, Hardware hardware, int rounds) {
    this.folder = folder;
    this.hardware = hardware;
    this.rounds = rounds;
    this.processes = new Processes(folder);
  }

  Hardware hardware() {
    return hardware;
  }

  int rounds() {
    return rounds;
  }

  /// beam(3,5) with the four verifiers that are shipped. Another seed is another search.
  static JobRequest search(long seed) {
    SearchOptions options =
        CommandLine.populateCommand(
            new SearchOptions(),
            "--strategy=beam:width=3,branches=5",
            "--verifier=aesthetic=1,clip=1,image-reward=1,vlm=1",
            "--seed=" + seed);
    return options.request("a red star left of a blue ring", "shapes-infinity");
  }

  /// A server with everything in one process.
  record Server(Processes.Running process, Api api, Path data) implements AutoCloseable {

    /// The embedded broker's address.
    String broker() {
      try {
        return "127.0.0.1:" + Files.readString(data.resolve("kafka/port")).strip();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    double cpuSeconds() {
      return CpuTime.of(process.process().toHandle());
    }

    /// As Ctrl-C does; returns when it has ended.
    @Override
    public void close() {
      process.signal("INT");
      process.join();
    }
  }

  /// Starts a server on a folder of its own; returns when it takes jobs for all bundles.
  Server serve(String name) {
    Path data = folder.resolve(name);
    Processes.Running process =
        processes.espalier(
            name, "serve", "--port=0", "--threads=" + hardware.calls(), "--data=" + data);
    return new Server(process, new Api(URI.create(process.awaitText(SERVES).group(1))), data);
  }

  /// Starts a broker, a database and a store, in this process.
  Infrastructure infrastructure(String name) {
    return Infrastructure.start(folder.resolve(name), Ports.ANY);
  }

  /// One of the services, as a process of its own.
  record Service(Processes.Running process) implements AutoCloseable {

    URI url() {
      return URI.create(process.url());
    }

    /// Waits until it says that it is ready.
    void awaitReady() throws InterruptedException {
      HttpRequest ready = HttpRequest.newBuilder(url().resolve("/q/health/ready")).build();
      try (HttpClient http = HttpClient.newHttpClient()) {
        while (http.send(ready, BodyHandlers.discarding()).statusCode() != OK) {
          Thread.sleep(BETWEEN_LOOKS);
        }
      } catch (IOException e) {
        throw new CommandException(process.name() + " ended: " + process.text(), e);
      }
    }

    /// As a cluster stops it; returns when it has ended.
    @Override
    public void close() {
      process.signal("TERM");
      process.join();
    }
  }

  /// Starts a packaged service with all that is installed.
  ///
  /// @param module that it is built in
  /// @param environment where it finds its servers
  Service service(String module, Map<String, String> environment) {
    Map<String, String> all = new HashMap<>(environment);
    Services.Served served = Services.Served.installed(Home.bundles());
    all.put("QUARKUS_HTTP_HOST", "127.0.0.1");
    all.put("QUARKUS_HTTP_PORT", "0");
    all.put("ESPALIER_MODELS_FOLDER", Home.bundlesFolder().toAbsolutePath().toString());
    all.put("ESPALIER_MODELS_THREADS", Integer.toString(hardware.calls()));
    all.put("ESPALIER_SEARCH_EXPANSION_GENERATORS", String.join(",", served.generators()));
    all.put("ESPALIER_VERIFICATION_VERIFIERS", String.join(",", served.verifiers()));
    return new Service(processes.start(module + "-" + services++, module, all));
  }

  /// A gateway with workers that say what they serve, and no pruning: jobs are taken, and nobody
  /// searches.
  record Unsearched(Service gateway, Service worker, Service verifier) implements AutoCloseable {

    Api api() {
      return new Api(gateway.url());
    }

    @Override
    public void close() {
      gateway.close();
      worker.close();
      verifier.close();
    }
  }

  /// Starts what only takes jobs; returns once it takes them.
  Unsearched unsearched(Map<String, String> environment) throws InterruptedException {
    Map<String, String> noPruning = new HashMap<>(environment);
    noPruning.put("ESPALIER_SEARCH_ROLES", "expansion");
    Unsearched fleet =
        new Unsearched(
            service("api-gateway", environment),
            service("search-worker", noPruning),
            service("verifier-worker", environment));
    Services.Served served = Services.Served.installed(Home.bundles());
    Services.awaitServed(fleet.api(), served);
    return fleet;
  }

  @Override
  public void close() {
    processes.close();
  }
}
