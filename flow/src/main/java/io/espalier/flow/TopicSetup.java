package io.espalier.flow;

import io.espalier.contracts.Topics;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes the topics that are missing and checks those that are there. Blocking; called while a
/// service starts, it goes on trying for as long as the broker cannot be reached.
public final class TopicSetup {

  private static final Logger LOG = LoggerFactory.getLogger(TopicSetup.class);
  private static final int TIMEOUT_MILLIS = 5_000;

  private final Map<String, Object> configuration;
  private final TopicPlan plan;

  /// Plans for a broker.
  ///
  /// @param configuration what the Kafka client is told, such as `bootstrap.servers`
  public TopicSetup(Map<String, Object> configuration, TopicPlan plan) {
    this.configuration = new HashMap<>(configuration);
    this.configuration.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, TIMEOUT_MILLIS);
    this.configuration.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, TIMEOUT_MILLIS);
    this.plan = plan;
  }

  /// Makes sure of the shared topics and of some fleets' queues.
  ///
  /// @throws WrongPartitionsException where a topic's partitions are not those of the plan
  /// @throws InterruptedException where the calling thread is interrupted while the broker is
  ///     away
  public void ensure(Collection<String> queues) throws InterruptedException {
    // A process that is told to end while it waits is not to wait on.
    Thread hook = Thread.ofPlatform().unstarted(Thread.currentThread()::interrupt);
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      setUp(queues);
    } finally {
      remove(hook);
    }
  }

  private static void remove(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      LOG.debug("the process is ending", e);
    }
  }

  private void setUp(Collection<String> queues) throws InterruptedException {
    List<NewTopic> wanted = new ArrayList<>(plan.shared());
    queues.forEach(queue -> wanted.add(plan.queue(queue)));
    while (true) {
      try (Admin admin = Admin.create(configuration)) {
        create(admin, wanted);
        check(admin);
        return;
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof TimeoutException
            || e.getCause() instanceof RetriableException)) {
          throw new IllegalStateException("the topics cannot be made: " + e.getCause(), e);
        }
        LOG.warn(
            "no Kafka broker answers at {} ({}); trying again",
            configuration.get(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG),
            e.getCause().getMessage());
      }
    }
  }

  private static void create(Admin admin, List<NewTopic> wanted)
      throws InterruptedException, ExecutionException {
    Set<String> there = admin.listTopics().names().get();
    List<NewTopic> missing =
        wanted.stream().filter(topic -> !there.contains(topic.name())).toList();
    try {
      admin.createTopics(missing).all().get();
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof TopicExistsException)) {
        throw e;
      }
      LOG.debug("another service made a topic first", e);
    }
  }

  private void check(Admin admin) throws InterruptedException, ExecutionException {
    Map<String, TopicDescription> topics =
        admin.describeTopics(List.of(Topics.JOBS, Topics.SCORES)).allTopicNames().get();
    String wrong =
        topics.values().stream()
            .filter(topic -> topic.partitions().size() != plan.jobPartitions())
            .map(topic -> "%s has %d".formatted(topic.name(), topic.partitions().size()))
            .sorted()
            .collect(Collectors.joining(", "));
    if (!wrong.isEmpty()) {
      throw new WrongPartitionsException(
          "%s and %s need %d partitions each, but %s; set espalier.topics.job-partitions to what they have where both agree, or make the topics anew while no job runs"
              .formatted(Topics.JOBS, Topics.SCORES, plan.jobPartitions(), wrong));
    }
  }
}
