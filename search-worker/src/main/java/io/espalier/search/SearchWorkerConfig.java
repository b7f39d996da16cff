package io.espalier.search;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What a search worker does.
@ConfigMapping(prefix = "espalier.search")
public interface SearchWorkerConfig {

  /// What a worker can do.
  enum Role {
    PRUNING,
    EXPANSION,
    FINISHING
  }

  /// Which of its roles this deployment has.
  @WithDefault("pruning,expansion,finishing")
  Set<Role> roles();

  Pruning pruning();

  Expansion expansion();

  /// The role that decides.
  interface Pruning {

    /// The most branches of a hypothesis that one expansion draws.
    @WithDefault("5")
    int sliceSize();

    /// While fewer candidates of a search than this are drawn or scored, one more slice of it is
    /// handed out; four slices for each work partition where absent.
    Optional<Integer> window();

    /// How long Kafka Streams gathers work before it commits; watchers and workers see it only
    /// then.
    @WithDefault("10ms")
    Duration commitInterval();

    /// How long an ended job's late records are still known as such; longer than the gateway
    /// retries.
    @WithDefault("24h")
    Duration remembered();

    /// This process' own folder for the ids of ended jobs, which are in Kafka too; a temporary one
    /// where absent. Nothing of a running search is there: that is in memory and in Kafka.
    Optional<Path> stateFolder();

    /// How many threads prune in this process; more than its share of the partitions of search.jobs
    /// are idle.
    @WithDefault("1")
    int threads();

    /// How many copies of each search's state other workers keep ready.
    @WithDefault("0")
    int standbys();
  }

  /// The role that draws.
  interface Expansion {

    /// The generators to serve, by the names of their bundles or by their folders.
    @WithDefault("shapes-infinity")
    List<String> generators();

    /// How many slices are worked on at once; one more than model threads where absent.
    Optional<Integer> concurrency();
  }
}
