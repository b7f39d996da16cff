package io.espalier.search;

import io.espalier.flow.TopicSetup;
import io.espalier.flow.service.WorkQueues;
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
  private final TopicSetup topics;
  private final WorkQueues queues;
  private final PruningStreams pruning;
  private final ExpansionQueue expansion;
  private final FinishingQueue finishing;

  SearchWorker(
      SearchWorkerConfig config,
      TopicSetup topics,
      WorkQueues queues,
      PruningStreams pruning,
      ExpansionQueue expansion,
      FinishingQueue finishing) {
    SearchWorkerBounds.check(config);
    this.roles = config.roles();
    this.topics = topics;
    this.queues = queues;
    this.pruning = pruning;
    this.expansion = expansion;
    this.finishing = finishing;
  }

  void start(@Observes StartupEvent event) throws InterruptedException {
    topics.ensure(List.of());
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
    if (queues.stop()) {
      expansion.close();
    }
  }
}
