package io.espalier.search;

import io.espalier.contracts.Topics;
import io.espalier.flow.TopicSetup;
import io.espalier.search.SearchWorkerConfig.Role;
import io.espalier.search.expansion.ExpansionQueue;
import io.espalier.search.finishing.FinishingQueue;
import io.espalier.search.pruning.PruningStreams;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Set;

/// Starts and stops the roles that this worker has.
@Singleton
final class SearchWorker {

  private final Set<Role> roles;
  private final SearchWorkerConfig config;
  private final TopicSetup topics;
  private final PruningStreams pruning;
  private final ExpansionQueue expansion;
  private final FinishingQueue finishing;

  SearchWorker(
      SearchWorkerConfig config,
      TopicSetup topics,
      PruningStreams pruning,
      ExpansionQueue expansion,
      FinishingQueue finishing) {
    this.roles = config.roles();
    this.config = config;
    this.topics = topics;
    this.pruning = pruning;
    this.expansion = expansion;
    this.finishing = finishing;
  }

  void start(@Observes StartupEvent event) throws InterruptedException {
    List<String> queues =
        roles.contains(Role.EXPANSION)
            ? config.expansion().generators().stream().map(Topics::frontier).toList()
            : List.of();
    topics.ensure(queues);
    if (roles.contains(Role.FINISHING)) {
      finishing.start();
    }
    if (roles.contains(Role.EXPANSION)) {
      expansion.start();
    }
    if (roles.contains(Role.PRUNING)) {
      pruning.start();
    }
  }

  void stop(@Observes ShutdownEvent event) {
    pruning.stop();
    expansion.stop();
    finishing.stop();
  }
}
