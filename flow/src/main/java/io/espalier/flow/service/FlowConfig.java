package io.espalier.flow.service;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/// What all services are told. The broker is `kafka.bootstrap.servers`, the store
/// `quarkus.minio.*`.
@ConfigMapping(prefix = "espalier")
public interface FlowConfig {

  /// This process' own name, unlike that of any other, which a restart keeps: it gets its share
  /// of the work back at once. Where absent, others take it over within seconds.
  Optional<String> instance();

  Topics topics();

  Queues queues();

  Artifacts artifacts();

  Models models();

  /// The topics that a service makes where they are missing.
  interface Topics {

    /// Partitions of search.jobs and search.scores: fixed for the life of a deployment.
    @WithDefault("4")
    int jobPartitions();

    /// Partitions of queues, decisions and events: how many workers of a fleet can share a queue.
    @WithDefault("12")
    int workPartitions();

    /// How many brokers keep each topic; the broker's default where absent.
    Optional<Short> replication();
  }

  /// What a process takes of each fleet's queue.
  interface Queues {

    /// How many records of a queue may wait in this process, fetched and not begun.
    @WithDefault("2000")
    int waiting();

    /// How many bytes of them.
    @WithDefault("64M")
    MemorySize waitingBytes();

    /// How long a partition that moves to another process, and a process that stops, waits for the
    /// work that was begun.
    @WithDefault("10s")
    Duration handover();
  }

  /// The store.
  interface Artifacts {

    @WithDefault("espalier")
    String bucket();

    /// How long a call may take, with all its attempts while the store is away or busy.
    @WithDefault("60s")
    Duration patience();

    /// How many bytes of pixels that were drawn or fetched lately a process keeps in memory.
    @WithDefault("64M")
    MemorySize recentImages();

    /// How many requests this process has at the store at a time; others wait.
    @WithDefault("64")
    int requestsAtOnce();
  }

  /// Bundles and the threads that run them.
  interface Models {

    /// The folder that bundles are installed in.
    @WithDefault("bundles")
    Path folder();

    /// What they run on: `cpu`, `cuda`, or `cuda:N` for one of several.
    @WithDefault("cpu")
    String device();

    /// How many model calls run side by side in this process; one per core where absent, and one
    /// on a CUDA device.
    OptionalInt threads();

    /// How much memory a generator and its calls may take; what the device has where absent.
    Optional<MemorySize> memory();

    /// How long a model call may run before this process counts as hanging.
    @WithDefault("10m")
    Duration longestCall();
  }
}
