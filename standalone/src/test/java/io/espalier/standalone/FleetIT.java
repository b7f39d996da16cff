package io.espalier.standalone;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.espalier.contracts.CandidatesRecord;
import io.espalier.contracts.DecisionRecord;
import io.espalier.contracts.FrontierSlice;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.ScoresRecord;
import io.espalier.contracts.Topics;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/// Every service as processes of its own: two gateways, search workers, a worker for each
/// verifier, and the broker, the database and the store in one process each. Whatever is killed,
/// a search ends once and with the same bytes.
class FleetIT {

  private static final String PROMPT = "a red circle left of a blue square";
  private static final String ALL = "pruning,expansion,finishing";
  private static final Pattern READY = Pattern.compile("# ready");
  private static final Pattern VARIABLE = Pattern.compile("(?m)^([A-Z][A-Z0-9_]+)=(.*)$");
  private static final Set<String> MODELS =
      Set.of(ScoresRecord.Span.GENERATOR, ScoresRecord.Span.VERIFIER);
  private static final String VERIFIERS = "--verifier=clip=1,image-reward=1";
  private static final String[] SEARCH = {"--width=2", "--branches=5", "--seed=3", VERIFIERS};

  @TempDir private static Path shared;
  private static Processes processes;
  private static Processes.Running broker;
  private static Processes.Running database;
  private static Processes.Running store;
  private static final Map<String, String> environment = new HashMap<>();
  private static Processes.Running imageReward;
  private static String bootstrapServers;
  private static String gateway;
  private static String otherGateway;
  private static int number;

  @TempDir private Path temporary;
  private final List<Processes.Running> workers = new ArrayList<>();

  @BeforeAll
  static void startFleet() {
    processes = new Processes(shared);
    broker = infra("broker");
    database = infra("database");
    store = infra("store");
    addVariables(broker, "KAFKA_");
    addVariables(database, "QUARKUS_DATASOURCE_");
    addVariables(store, "QUARKUS_MINIO_");
    bootstrapServers = Objects.requireNonNull(environment.get("KAFKA_BOOTSTRAP_SERVERS"));
    environment.put("QUARKUS_HTTP_HOST", "127.0.0.1");
    environment.put("QUARKUS_HTTP_PORT", "0");
    environment.put("ESPALIER_TOPICS_WORK_PARTITIONS", "4");
    environment.put("ESPALIER_MODELS_THREADS", "1");
    environment.put(
        "ESPALIER_MODELS_FOLDER",
        Path.of(System.getProperty("io.espalier.home"), "bundles").toString());
    Processes.Running first = service("api-gateway", Map.of());
    Processes.Running second = service("api-gateway", Map.of());
    verifier("clip");
    imageReward = verifier("image-reward");
    gateway = first.url();
    otherGateway = second.url();
  }

  @AfterAll
  static void stopFleet() {
    processes.close();
  }

  @AfterEach
  void stopWorkers() {
    workers.forEach(worker -> worker.process().destroy());
    workers.forEach(Processes.Running::join);
  }

  private static Processes.Running infra(String name) {
    return processes.espalier(name, "infra", "--data", shared.resolve(name).toString());
  }

  private static void addVariables(Processes.Running infra, String prefix) {
    infra.awaitText(READY);
    Matcher each = VARIABLE.matcher(infra.text());
    while (each.find()) {
      if (each.group(1).startsWith(prefix)) {
        environment.put(each.group(1), each.group(2));
      }
    }
  }

  private static Processes.Running service(String module, Map<String, String> more) {
    Map<String, String> all = new HashMap<>(environment);
    all.putAll(more);
    return processes.start(module + "-" + number++, module, all);
  }

  private static Processes.Running verifier(String name) {
    return service("verifier-worker", Map.of("ESPALIER_VERIFICATION_VERIFIERS", name));
  }

  private Processes.Running searchWorker(String roles, int sliceSize) {
    Processes.Running worker =
        service(
            "search-worker",
            Map.of(
                "ESPALIER_SEARCH_ROLES",
                roles,
                "ESPALIER_SEARCH_PRUNING_SLICE_SIZE",
                Integer.toString(sliceSize),
                "ESPALIER_SEARCH_PRUNING_STATE_FOLDER",
                shared.resolve("pruning-" + number).toString()));
    workers.add(worker);
    return worker;
  }

  /// A client in a process of its own, which can be watched.
  private Processes.Running client(String url, String... more) {
    List<String> arguments = new ArrayList<>(List.of("search", PROMPT, "--url", url));
    arguments.addAll(List.of(SEARCH));
    arguments.addAll(List.of(more));
    arguments.addAll(List.of("--out", temporary.resolve("flow").toString()));
    return processes.espalier("client-" + number++, arguments.toArray(String[]::new));
  }

  private void assertSameAsInProcess(Processes.Running client, String... more)
      throws InterruptedException {
    assertThat(client.join()).as(client.text()).isZero();
    assertWrittenAsInProcess(more);
    assertEndedOnce(newest());
  }

  /// What lies in the folder `flow`.
  private void assertWrittenAsInProcess(String... more) {
    List<String> arguments = new ArrayList<>(List.of("search", PROMPT, "--in-process"));
    arguments.addAll(List.of(SEARCH));
    arguments.addAll(List.of(more));
    arguments.addAll(List.of("--out", temporary.resolve("here").toString()));
    Typed.espalier(arguments.toArray(String[]::new)).ok();
    Typed.assertSameBytes(temporary.resolve("flow"), temporary.resolve("here"));
  }

  private static String newest() {
    return Typed.espalier("jobs", "--limit=1", "--url", gateway).ok().out().substring(0, 36);
  }

  private static void assertEndedOnce(String id) throws InterruptedException {
    List<JobEvent> told = new ArrayList<>();
    new Api(URI.create(gateway)).watch(id, told::add);
    assertThat(told).extracting(JobEvent::sequence).isSorted().doesNotHaveDuplicates();
    assertThat(told).filteredOn(JobEvent.Ended.class::isInstance).hasSize(1);
  }

  private static void awaitScale(Processes.Running client, int scale) {
    client.awaitText(Pattern.compile("scale " + scale + " of 7"));
  }

  private static void told(String what, long since) {
    System.out.printf("%s: ended %.1f s later%n", what, (System.nanoTime() - since) / 1e9);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5})
  void slicesOfAnySizeOverTwoWorkersGiveTheSameBytes(int sliceSize) throws InterruptedException {
    searchWorker(ALL, sliceSize).url();
    searchWorker(ALL, sliceSize).url();

    assertSameAsInProcess(client(gateway));
    assertSameAsInProcess(
        client(otherGateway, "--depth=3", "--combine=rank"), "--depth=3", "--combine=rank");
  }

  @Test
  void aSearchWorkerThatIsKilledInTheMiddleOfAnExpansionIsReplacedByTheOther()
      throws InterruptedException {
    searchWorker(ALL, 1).url();
    Processes.Running doomed = searchWorker("expansion", 1);
    doomed.url();
    Processes.Running client = client(gateway);
    awaitScale(client, 2);
    doomed.kill();
    long since = System.nanoTime();

    assertSameAsInProcess(client);
    told("an expansion worker killed", since);
  }

  @Test
  void workersThatAreToldToStopHandTheirWorkOver() throws InterruptedException {
    searchWorker(ALL, 1).url();
    Processes.Running leaving = searchWorker("expansion", 1);
    leaving.url();
    Processes.Running client = client(gateway);
    awaitScale(client, 1);
    imageReward.signal("TERM");
    imageReward = verifier("image-reward");
    awaitScale(client, 2);
    leaving.signal("TERM");

    assertSameAsInProcess(client);
  }

  @Test
  void thePruningWorkerThatIsKilledIsReplaced() throws InterruptedException {
    searchWorker("expansion,finishing", 5).url();
    Processes.Running doomed = searchWorker("pruning", 5);
    doomed.url();
    Processes.Running client = client(gateway);
    awaitScale(client, 3);
    doomed.kill();
    long since = System.nanoTime();
    searchWorker("pruning", 5);

    assertSameAsInProcess(client);
    told("the pruning worker killed and another started", since);
  }

  @Test
  void aVerifierWorkerThatIsKilledIsReplaced() throws InterruptedException {
    searchWorker(ALL, 5).url();
    Processes.Running client = client(gateway);
    awaitScale(client, 2);
    imageReward.kill();
    long since = System.nanoTime();
    imageReward = verifier("image-reward");

    assertSameAsInProcess(client);
    told("a verifier worker killed and another started", since);
  }

  @Test
  void aGatewayThatIsKilledBetweenItsCommitAndItsPublishLosesNothing() throws InterruptedException {
    searchWorker(ALL, 5).url();
    Processes.Running doomed = service("api-gateway", Map.of());
    String url = doomed.url();
    broker.signal("STOP");
    Processes.Running submitting;
    try {
      submitting = client(url);
      await()
          .atMost(Duration.ofMinutes(1))
          .until(() -> Typed.espalier("jobs", "--limit=1", "--url", url).out().contains("running"));
      doomed.kill();
    } finally {
      broker.signal("CONT");
    }
    long since = System.nanoTime();
    submitting.kill();

    String id = newest();
    Typed.espalier("watch", id, "--url", gateway).ok();
    told("a gateway killed after its commit", since);
    String folder = temporary.resolve("flow").toString();
    Typed.espalier("show", id, "--url", gateway, "--out", folder).ok();
    assertWrittenAsInProcess();
    assertEndedOnce(id);
  }

  @Test
  void aFinishingWorkerThatIsKilledWithTheDecisionInItsQueueIsReplaced()
      throws InterruptedException {
    searchWorker("pruning,expansion", 5).url();
    Processes.Running doomed = searchWorker("finishing", 5);
    doomed.url();
    Processes.Running client = client(gateway);
    awaitScale(client, 2);
    doomed.signal("STOP");
    awaitScale(client, 7);
    doomed.kill();
    long since = System.nanoTime();
    searchWorker("finishing", 5);

    assertSameAsInProcess(client);
    told("a finishing worker killed and another started", since);
  }

  @Test
  void noModelCallBeginsLaterThanOneCallAfterACancelIsDecided() throws InterruptedException {
    searchWorker(ALL, 1).url();
    searchWorker("expansion", 1).url();
    Api api = new Api(URI.create(gateway));
    try (Tail tail = new Tail(bootstrapServers)) {
      String id = submit(api, "--width=6", "--branches=24", VERIFIERS);
      awaitRecord(tail, id, JobEvent.Pruned.class);
      api.cancel(id);
      // Behind all that was queued for the first.
      awaitRecord(tail, submit(api, "--width=2", "--branches=4", VERIFIERS), JobEvent.Ended.class);

      // In one transaction with the record that tells workers. What comes before is a commit's time
      // and, on a busy machine, longer than a call.
      Tail.Seen decided = awaitRecord(tail, id, DecisionRecord.class);
      List<ScoresRecord.Span> calls = modelCalls(tail.of(id));
      long longest = calls.stream().mapToLong(call -> call.until() - call.from()).max().orElse(0);
      assertThat(calls)
          .allSatisfy(
              call -> assertThat(call.from()).isLessThanOrEqualTo(decided.arrived() + longest));
      assertThat(drawn(tail.of(id))).hasSizeLessThan(asked(tail.of(id)).size());
      assertEndedOnce(id);
    }
  }

  private static String submit(Api api, String... options) throws InterruptedException {
    SearchOptions search = CommandLine.populateCommand(new SearchOptions(), options);
    return api.submit(search.request(PROMPT, "shapes-infinity")).id().toString();
  }

  private static Tail.Seen awaitRecord(Tail tail, String id, Class<?> type) {
    return await()
        .atMost(Duration.ofMinutes(2))
        .until(
            () -> tail.of(id).stream().filter(seen -> type.isInstance(seen.record())).findFirst(),
            Optional::isPresent)
        .orElseThrow();
  }

  private static List<ScoresRecord.Span> modelCalls(List<Tail.Seen> records) {
    return records.stream()
        .map(Tail.Seen::record)
        .flatMap(
            record ->
                switch (record) {
                  case CandidatesRecord of -> of.spans().stream();
                  case ScoresRecord of -> of.spans().stream();
                  default -> Stream.empty();
                })
        .filter(span -> MODELS.contains(span.model()))
        .toList();
  }

  /// The branches that were to be drawn.
  private static List<String> asked(List<Tail.Seen> records) {
    return records.stream()
        .map(Tail.Seen::record)
        .filter(FrontierSlice.class::isInstance)
        .map(FrontierSlice.class::cast)
        .flatMap(slice -> slice.branches().stream())
        .toList();
  }

  /// The candidates that were drawn.
  private static Set<String> drawn(List<Tail.Seen> records) {
    return records.stream()
        .map(Tail.Seen::record)
        .filter(CandidatesRecord.class::isInstance)
        .map(CandidatesRecord.class::cast)
        .flatMap(record -> record.candidates().stream())
        .map(CandidatesRecord.Candidate::lineage)
        .collect(toSet());
  }

  @Test
  void aStoreThatIsAwayForTenSecondsIsWaitedFor() throws InterruptedException {
    searchWorker(ALL, 5).url();
    Processes.Running client = client(gateway);
    awaitScale(client, 2);
    store = startedAgainAfterTenSeconds(store);
    long since = System.nanoTime();

    assertSameAsInProcess(client);
    told("the store away for ten seconds", since);
  }

  @Test
  void aDatabaseThatIsAwayForTenSecondsIsWaitedFor() throws InterruptedException {
    searchWorker(ALL, 5).url();
    Processes.Running client = client(gateway);
    awaitScale(client, 2);
    database = startedAgainAfterTenSeconds(database);
    long since = System.nanoTime();

    assertSameAsInProcess(client);
    told("the database away for ten seconds", since);
  }

  private static Processes.Running startedAgainAfterTenSeconds(Processes.Running infra) {
    infra.signal("TERM");
    infra.join();
    pause(Duration.ofSeconds(10));
    return infra(infra.name());
  }

  @Test
  void aStoreThatHangsForTenSecondsIsWaitedFor() throws InterruptedException {
    searchWorker(ALL, 5).url();
    Processes.Running client = client(gateway);
    awaitScale(client, 2);
    store.signal("STOP");
    try {
      pause(Duration.ofSeconds(10));
    } finally {
      store.signal("CONT");
    }
    long since = System.nanoTime();

    assertSameAsInProcess(client);
    told("the store hanging for ten seconds", since);
  }

  @Test
  void aServiceSaysWhichBrokerItCannotReachAndGoesOnTrying() {
    Processes.Running worker =
        service("search-worker", Map.of("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1"));
    workers.add(worker);

    worker.awaitText(
        Pattern.compile("no Kafka broker answers at \\[?127\\.0\\.0\\.1:1.*trying again"));

    assertThat(worker.process().isAlive()).isTrue();
  }

  @Test
  void aServiceThatWantsOtherPartitionsThanThereAreIsRefused() {
    Processes.Running worker =
        service("search-worker", Map.of("ESPALIER_TOPICS_JOB_PARTITIONS", "3"));

    assertThat(worker.join()).isNotZero();
    assertThat(worker.text())
        .contains("search.jobs and search.scores need 3 partitions each")
        .contains("search.jobs has 4");
  }

  private static void pause(Duration time) {
    long from = System.nanoTime();
    await().atMost(time.plusSeconds(10)).until(() -> System.nanoTime() - from > time.toNanos());
  }

  @Test
  void aVerifierThatNobodyRunsIsSaidWhenTheDeadlinePasses() {
    searchWorker(ALL, 5).url();
    processes.named("verifier-worker-2").orElseThrow().kill();
    Processes.Running client = client(gateway, "--deadline=5");

    assertThat(client.join()).isEqualTo(1);
    assertThat(client.text()).contains("no answer").contains("expired").contains("clip");
    verifier("clip").url();
  }

  @Test
  void poisonOnEveryTopicStopsNothing() throws Exception {
    searchWorker(ALL, 5).url();
    byte[] poison = "no record".getBytes(StandardCharsets.UTF_8);
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrapServers),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      for (String topic :
          List.of(
              Topics.JOBS,
              Topics.SCORES,
              Topics.DECISIONS,
              Topics.EVENTS,
              Topics.CATALOG,
              Topics.frontier("shapes-infinity"),
              Topics.candidates("clip"),
              Topics.candidates("image-reward"))) {
        for (byte[] key : List.of(poison, "a/b/0/1".getBytes(StandardCharsets.UTF_8))) {
          producer.send(new ProducerRecord<>(topic, key, poison)).get();
          producer.send(new ProducerRecord<>(topic, key, null)).get();
        }
      }
    }

    assertSameAsInProcess(client(gateway));
  }
}
