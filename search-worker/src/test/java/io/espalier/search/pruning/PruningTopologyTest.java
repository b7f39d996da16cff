package io.espalier.search.pruning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.list;

import io.espalier.beam.Bits;
import io.espalier.beam.Candidate;
import io.espalier.beam.Drawing;
import io.espalier.beam.Generator;
import io.espalier.beam.Image;
import io.espalier.beam.Lineage;
import io.espalier.beam.Rendition;
import io.espalier.beam.Search;
import io.espalier.beam.SearchSpec;
import io.espalier.beam.Slice;
import io.espalier.beam.Strategy;
import io.espalier.beam.Verifier;
import io.espalier.contracts.CandidatesRecord;
import io.espalier.contracts.DecisionRecord;
import io.espalier.contracts.Drawn;
import io.espalier.contracts.FrontierSlice;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.JobRecord;
import io.espalier.contracts.JobSpec;
import io.espalier.contracts.ScoresRecord;
import io.espalier.contracts.Settings;
import io.espalier.contracts.Topics;
import io.espalier.contracts.TreeDocument;
import io.espalier.flow.Documents;
import io.espalier.flow.Records;
import io.espalier.flow.Renditions;
import io.espalier.flow.SearchSpecs;
import io.espalier.flow.TopicPlan;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.test.TestRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Pruning's topology, with the fleets' part played by the test.
class PruningTopologyTest {

  private static final String JOB = "job";
  private static final String GENERATOR = "coins";
  private static final int UNLIMITED = 1_000_000;
  private static final List<String> STRATEGIES =
      List.of(
          "random:images=7",
          "greedy:branches=4",
          "beam:width=3,branches=4",
          "beam:width=4/3/2/1,branches=3/2,perParent=1",
          "beam:width=3,branches=3,spread=1/2",
          "smc:particles=8/8/6/4,lambda=1.5,potential=difference,at=1/3",
          "threshold:width=2,draws=6,wave=2",
          "backtracking:width=2,branches=3,rounds=6");
  private static final List<List<Integer>> SCALES =
      List.of(List.of(1, 1), List.of(2, 2), List.of(3, 3), List.of(4, 4));

  /// A topology at work, and a fleet that answers what it asks in an order of the test's choice.
  private static final class World implements AutoCloseable {
    private final TopologyTestDriver driver;
    private final TestInputTopic<byte[], byte[]> jobs;
    private final TestInputTopic<byte[], byte[]> scores;
    private final TestOutputTopic<byte[], byte[]> frontier;
    private final TestOutputTopic<byte[], byte[]> decisions;
    private final TestOutputTopic<byte[], byte[]> events;
    private final TestOutputTopic<byte[], byte[]> ended;
    private final TestOutputTopic<byte[], byte[]> deadLetters;
    private final TestOutputTopic<byte[], byte[]> siblingsLog;
    private final TestOutputTopic<byte[], byte[]> headersLog;
    private final List<TestOutputTopic<byte[], byte[]>> candidates;
    private final Map<Drawn, Drawing> drawings = new HashMap<>();
    private final Generator generator = new FakeModels.FakeGenerator();
    private final List<ScoresRecord> waiting = new ArrayList<>();
    private final Random order;
    private final int sliceSize;
    private final int window;

    /// Every question that was asked, and by candidate those that nobody answered yet.
    private final Set<String> asked = new HashSet<>();

    private final Map<String, Set<String>> open = new HashMap<>();

    /// Of so many candidates one cannot be drawn, and of so many one cannot be scored.
    private int failing = UNLIMITED;

    World(int sliceSize, long seed) {
      this(sliceSize, UNLIMITED, seed);
    }

    World(int sliceSize, int window, long seed) {
      this.sliceSize = sliceSize;
      this.window = window;
      Properties settings = new Properties();
      String application = "pruning-test-" + UUID.randomUUID();
      settings.put("application.id", application);
      settings.put("bootstrap.servers", "nobody:9092");
      driver =
          new TopologyTestDriver(
              PruningTopology.build(
                  topic -> !topic.contains("unserved"), sliceSize, window, Duration.ofHours(1)),
              settings);
      jobs = input(Topics.JOBS);
      scores = input(Topics.SCORES);
      frontier = output(Topics.frontier(GENERATOR));
      candidates =
          FakeModels.verifiers().stream()
              .map(verifier -> output(Topics.candidates(verifier.name())))
              .toList();
      decisions = output(Topics.DECISIONS);
      events = output(Topics.EVENTS);
      ended = output(Topics.ENDED);
      deadLetters = output(Topics.DEAD_LETTERS);
      siblingsLog = output(application + "-" + PruningProcessor.CANDIDATES + "-changelog");
      headersLog = output(application + "-" + PruningProcessor.RUNNING + "-changelog");
      order = new Random(seed);
    }

    /// The same search on another worker, which has the stored state and nothing else.
    World elsewhere() {
      World other = new World(sliceSize, window, order.nextLong());
      for (String store :
          List.of(
              PruningProcessor.SPECS,
              PruningProcessor.RUNNING,
              PruningProcessor.CANDIDATES,
              PruningProcessor.WAITING)) {
        copy(store, other);
      }
      other.drawings.putAll(drawings);
      other.waiting.addAll(waiting);
      other.asked.addAll(asked);
      other.open.putAll(open);
      close();
      return other;
    }

    private <V> void copy(String store, World other) {
      KeyValueStore<String, V> rows = other.driver.getKeyValueStore(store);
      this.<V>stored(store).forEach(row -> rows.put(row.key, row.value));
    }

    private TestInputTopic<byte[], byte[]> input(String topic) {
      return driver.createInputTopic(topic, new ByteArraySerializer(), new ByteArraySerializer());
    }

    private TestOutputTopic<byte[], byte[]> output(String topic) {
      return driver.createOutputTopic(
          topic, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    void submit(JobSpec spec, long deadlineAt) {
      long at = deadlineAt == 0 ? 0 : deadlineAt;
      job(new JobRecord.Submitted(JOB, "default", 0, 0, deadlineAt == 0 ? null : at, spec));
    }

    void job(JobRecord record) {
      jobs.pipeInput(bytes(record.jobId()), Records.write(record));
    }

    void score(ScoresRecord record) {
      scores.pipeInput(bytes(record.jobId()), Records.write(record));
    }

    /// Draws every slice asked for so far; its scores wait.
    void draw() {
      while (!frontier.isEmpty()) {
        FrontierSlice record = Records.read(frontier.readValue(), FrontierSlice.class);
        SearchSpec spec = SearchSpecs.of(record.spec());
        Slice slice =
            new Slice(
                Lineage.parse(record.parent()),
                Optional.ofNullable(record.prefix()).map(Renditions::of),
                record.scale(),
                record.depth(),
                record.branches().stream().map(each -> Lineage.parse(each).branch()).toList());
        Bits parent =
            record.prefix() == null
                ? Bits.none(FakeModels.BITS_PER_TOKEN)
                : drawing(record.prefix()).bits();
        List<CandidatesRecord.Candidate> drawn = new ArrayList<>();
        String object = "slice " + drawings.size();
        for (Drawing drawing : generator.draw(spec, slice, parent).drawings()) {
          String lineage = drawing.lineage().toString();
          record.verifiers().forEach(verifier -> ask(lineage, verifier));
          if (fails(lineage)) {
            waiting.add(
                ScoresRecord.unscorable(
                    JOB, List.of(lineage), ScoresRecord.EVERY_VERIFIER, "it cannot be drawn"));
          } else {
            Rendition made = drawing.rendition();
            Drawn kept = new Drawn(made.bits(), made.image(), object, drawn.size());
            drawings.put(kept, drawing);
            drawn.add(new CandidatesRecord.Candidate(lineage, kept));
          }
        }
        boolean features = !spec.strategy().features().isEmpty();
        record.verifiers().forEach(name -> look(drawn, name, features));
      }
      for (TestOutputTopic<byte[], byte[]> queue : candidates) {
        while (!queue.isEmpty()) {
          CandidatesRecord record = Records.read(queue.readValue(), CandidatesRecord.class);
          String verifier = record.verifier().name();
          record.candidates().forEach(candidate -> ask(candidate.lineage(), verifier));
          look(record.candidates(), verifier, record.features());
        }
      }
      assertThat(open).hasSizeLessThan(window + sliceSize);
    }

    private void ask(String lineage, String verifier) {
      assertThat(asked.add(lineage + " " + verifier)).as(lineage + " " + verifier).isTrue();
      open.computeIfAbsent(lineage, _ -> new HashSet<>()).add(verifier);
    }

    private boolean fails(String what) {
      return Math.floorMod(31 * what.hashCode(), failing) == failing - 1;
    }

    /// What lies in a place; every place that pruning names must be one.
    private Drawing drawing(Drawn place) {
      return Objects.requireNonNull(drawings.get(place), place.toString());
    }

    private void look(List<CandidatesRecord.Candidate> looked, String name, boolean features) {
      Verifier verifier =
          FakeModels.verifiers().stream()
              .filter(each -> each.name().equals(name))
              .findFirst()
              .orElseThrow();
      List<ScoresRecord.Score> given = new ArrayList<>();
      List<ScoresRecord.Failure> failures = new ArrayList<>();
      for (CandidatesRecord.Candidate each : looked) {
        if (fails(each.lineage() + name)) {
          failures.add(new ScoresRecord.Failure(each.lineage(), each.drawn(), "it is blurred"));
          continue;
        }
        Image image = drawing(each.drawn()).image();
        Verifier.Scores made = verifier.score("", List.of(image));
        List<Float> vector =
            features && name.equals("clip") ? made.features().getFirst() : List.of();
        given.add(new ScoresRecord.Score(each.lineage(), each.drawn(), made.values()[0], vector));
      }
      waiting.add(new ScoresRecord(JOB, name, given, failures, List.of(), List.of()));
    }

    /// Answers one question, any of those that wait, sometimes twice.
    void answerOne() {
      assertThat(waiting).as("answers that the search can go on with").isNotEmpty();
      ScoresRecord record = waiting.remove(order.nextInt(waiting.size()));
      record.scores().forEach(score -> close(score.lineage(), record.verifier()));
      record.failures().forEach(failure -> close(failure.lineage(), record.verifier()));
      score(record);
      if (order.nextInt(4) == 0) {
        score(record);
      }
      if (order.nextInt(4) == 0) {
        waiting.add(record);
      }
    }

    private void close(String lineage, String verifier) {
      open.computeIfPresent(
          lineage,
          (_, left) -> {
            left.removeIf(
                each -> verifier.equals(ScoresRecord.EVERY_VERIFIER) || each.equals(verifier));
            return left.isEmpty() ? null : left;
          });
    }

    /// What a store holds.
    <V> List<KeyValue<String, V>> stored(String store) {
      List<KeyValue<String, V>> rows = new ArrayList<>();
      try (KeyValueIterator<String, V> all = driver.<String, V>getKeyValueStore(store).all()) {
        all.forEachRemaining(rows::add);
      }
      return rows;
    }

    DecisionRecord finish() {
      draw();
      while (decisions.isEmpty()) {
        answerOne();
        draw();
      }
      DecisionRecord decision = Records.read(decisions.readValue(), DecisionRecord.class);
      while (!waiting.isEmpty()) {
        answerOne();
      }
      return decision;
    }

    List<JobEvent> told() {
      return events.readValuesToList().stream()
          .map(value -> Records.read(value, JobEvent.class))
          .toList();
    }

    @Override
    public void close() {
      driver.close();
    }
  }

  @Property(tries = 60)
  void anyOrderAndAnyRepetitionOfScoresGivesTheSearchInProcess(
      @ForAll @IntRange(min = 0, max = 7) int strategy,
      @ForAll @IntRange(min = 2, max = 5) int depth,
      @ForAll boolean carry,
      @ForAll boolean rank,
      @ForAll boolean tiers,
      @ForAll @IntRange(min = 1, max = 5) int sliceSize,
      @ForAll @IntRange(min = 1, max = 20) int window,
      @ForAll long order)
      throws InterruptedException {
    JobSpec spec =
        spec(
            STRATEGIES.get(strategy),
            depth == 5 ? "prefix" : depth == 4 ? "full" : Integer.toString(depth),
            carry,
            rank ? "rank" : "weighted",
            tiers ? List.of(3, 0, 2) : null);
    try (World world = new World(sliceSize, window, order)) {
      world.submit(spec, 0);
      DecisionRecord decision = world.finish();
      assertThat(decision.tree()).isEqualTo(inProcess(spec));
      assertThat(world.drawings).containsKey(decision.answer());
      assertThat(world.decisions.isEmpty()).isTrue();
      assertThat(world.deadLetters.isEmpty()).isTrue();
      assertThat(world.ended.readRecordsToList())
          .singleElement()
          .satisfies(record -> assertThat(record.key()).isEqualTo(bytes(JOB)));
      List<Long> numbers = world.told().stream().map(JobEvent::sequence).toList();
      for (int i = 0; i < numbers.size(); i++) {
        assertThat(numbers.get(i)).isEqualTo(i);
      }
      assertThat(decision.sequence()).isEqualTo(numbers.size());
    }
  }

  @Property(tries = 40)
  void aWindowOfAnySizeChangesNothingWhateverFails(
      @ForAll @IntRange(min = 0, max = 7) int strategy,
      @ForAll boolean tiers,
      @ForAll @IntRange(min = 1, max = 5) int sliceSize,
      @ForAll @IntRange(min = 1, max = 20) int window,
      @ForAll @IntRange(min = 1, max = 9) int failing,
      @ForAll long order) {
    JobSpec spec =
        spec(STRATEGIES.get(strategy), "full", true, "rank", tiers ? List.of(3, 0, 2) : null);
    try (World whole = new World(sliceSize, order);
        World windowed = new World(sliceSize, window, order)) {
      whole.failing = failing;
      windowed.failing = failing;
      whole.submit(spec, 0);
      windowed.submit(spec, 0);
      assertThat(windowed.finish().tree()).isEqualTo(whole.finish().tree());
      assertThat(windowed.asked).isEqualTo(whole.asked);
    }
  }

  @Test
  void whatWaitsIsFewBytesHoweverManyCandidatesItIs() {
    try (World world = new World(5, 20, 1)) {
      world.submit(spec("random:images=5000", "full", true, "weighted"), 0);
      world.draw();
      assertThat(world.open).hasSize(20);
      assertThat(world.stored(PruningProcessor.WAITING)).hasSize(1);
      List<KeyValue<String, Running>> headers = world.stored(PruningProcessor.RUNNING);
      byte[] header =
          StateCodec.serde(Running.class).serializer().serialize("", headers.getFirst().value);
      assertThat(header.length).isLessThan(1_000);
    }
  }

  @Test
  void aWorkerThatTakesASearchOverHandsOutWhatIsLeft() throws InterruptedException {
    JobSpec spec = spec("random:images=40", "full", true, "weighted", List.of(12));
    World world = new World(3, 7, 1);
    try {
      world.submit(spec, 0);
      for (int i = 0; i < 12; i++) {
        world.draw();
        world.answerOne();
        world.draw();
        world = world.elsewhere();
      }
      assertThat(world.finish().tree()).isEqualTo(inProcess(spec));
    } finally {
      world.close();
    }
  }

  @Test
  void nothingThatWaitsIsHandedOutOnceTheSearchHasEnded() {
    try (World world = new World(2, 4, 1)) {
      world.submit(spec("random:images=40", "full", true, "weighted"), 0);
      world.draw();
      world.job(new JobRecord.Cancelled(JOB));
      world.waiting.forEach(world::score);
      assertThat(world.frontier.isEmpty()).isTrue();
      assertThat(world.stored(PruningProcessor.WAITING)).isEmpty();
    }
  }

  @Test
  void theAnswersOfASliceWriteOneRowAndTheHeaderAndRepeatedOnesNothing() {
    try (World world = new World(5, 1)) {
      world.submit(spec("random:images=40", "full", true, "weighted"), 0);
      assertThat(world.siblingsLog.readRecordsToList()).hasSize(40 / Siblings.MOST);
      assertThat(world.headersLog.readRecordsToList()).hasSize(1);
      world.draw();
      ScoresRecord answers = world.waiting.getFirst();

      world.score(answers);
      assertThat(world.siblingsLog.readValuesToList())
          .singleElement()
          .satisfies(
              row ->
                  assertThat(StateCodec.serde(Siblings.class).deserializer().deserialize("", row))
                      .extracting(Siblings::candidates)
                      .asInstanceOf(list(Candidate.class))
                      .hasSize(Siblings.MOST));
      assertThat(world.headersLog.readRecordsToList()).hasSize(1);

      world.score(answers);
      assertThat(world.siblingsLog.isEmpty()).isTrue();
      assertThat(world.headersLog.isEmpty()).isTrue();
    }
  }

  @Test
  void theEndOfASearchDeletesEachOfItsRowsOnce() {
    try (World world = new World(5, 1)) {
      world.submit(spec("beam:width=3,branches=4", "full", true, "weighted"), 0);
      world.finish();

      List<TestRecord<byte[], byte[]>> written = world.siblingsLog.readRecordsToList();
      Set<String> rows = new HashSet<>();
      written.forEach(record -> rows.add(text(record.key())));
      assertThat(written.stream().filter(record -> record.value() == null))
          .extracting(record -> text(record.key()))
          .containsExactlyInAnyOrderElementsOf(rows);
      assertThat(world.driver.getKeyValueStore(PruningProcessor.CANDIDATES).all()).isExhausted();
    }
  }

  @Test
  void whatCameOfASliceIsOneEvent() {
    try (World world = new World(5, 1)) {
      world.submit(spec("beam:width=3,branches=4", "full", true, "weighted"), 0);
      world.draw();
      List.copyOf(world.waiting).forEach(world::score);

      List<JobEvent.Scored> told =
          world.told().stream()
              .filter(JobEvent.Scored.class::isInstance)
              .map(JobEvent.Scored.class::cast)
              .toList();
      assertThat(told)
          .extracting(
              event -> event.candidates().stream().map(JobEvent.ScoredImage::candidate).toList())
          .containsExactly(
              List.of("0", "1", "2", "3", "4"),
              List.of("5", "6", "7", "8", "9"),
              List.of("10", "11"));
      assertThat(told).extracting(JobEvent.Scored::awaited).containsExactly(7, 2, 0);
    }
  }

  @Test
  void theSameJobTwiceIsOneSearch() {
    try (World world = new World(5, 1)) {
      JobSpec spec = spec("beam", "full", true, "weighted");
      world.submit(spec, 0);
      world.submit(spec, 0);
      assertThat(world.told()).hasSize(1);
      world.finish();
      world.submit(spec, 0);
      assertThat(world.frontier.isEmpty()).isTrue();
    }
  }

  @Test
  void aCancelledJobEndsWithTheBestSoFar() {
    try (World world = new World(5, 1)) {
      world.submit(spec("beam", "full", true, "weighted"), 0);
      world.draw();
      for (int i = 0; i < 4; i++) {
        world.answerOne();
      }
      world.job(new JobRecord.Cancelled(JOB));
      DecisionRecord decision = Records.read(world.decisions.readValue(), DecisionRecord.class);
      assertThat(decision.result().status()).isEqualTo("cancelled");
      world.job(new JobRecord.Cancelled(JOB));
      assertThat(world.decisions.isEmpty()).isTrue();
    }
  }

  @Test
  void aCancelledJobThatIsNotKnownIsAnsweredForOnceAndNeverBegins() {
    try (World world = new World(5, 1)) {
      world.job(new JobRecord.Cancelled(JOB));
      world.submit(spec("beam", "full", true, "weighted"), 0);
      world.job(new JobRecord.Cancelled(JOB));
      assertThat(world.frontier.isEmpty()).isTrue();
      assertThat(world.told())
          .singleElement()
          .isInstanceOfSatisfying(
              JobEvent.Rejected.class,
              event -> {
                assertThat(event.sequence()).isEqualTo(Long.MAX_VALUE);
                assertThat(event.reason()).contains("cancelled");
              });
    }
  }

  @Test
  void aDeadlineEndsASearchThatWaitsForAVerifier() {
    try (World world = new World(5, 1)) {
      long now = System.currentTimeMillis();
      world.submit(spec("beam", "full", true, "weighted"), now + 5_000);
      world.draw();
      world.waiting.stream()
          .filter(scores -> scores.verifier().equals("clip"))
          .forEach(world::score);
      world.driver.advanceWallClockTime(Duration.ofSeconds(4));
      assertThat(world.decisions.isEmpty()).isTrue();
      world.driver.advanceWallClockTime(Duration.ofSeconds(30));
      DecisionRecord decision = Records.read(world.decisions.readValue(), DecisionRecord.class);
      assertThat(decision.result().status()).isEqualTo("expired");
      assertThat(decision.result().reason()).contains("image-reward");
    }
  }

  @Test
  @SuppressWarnings("NullAway") // a record of an older client may lack anything
  void scoresOfUnknownJobsAndPoisonChangeNothing() {
    try (World world = new World(5, 1)) {
      JobSpec spec = spec("beam", "full", true, "weighted");
      world.submit(spec, 0);
      world.score(
          new ScoresRecord(
              "unknown",
              "clip",
              List.of(new ScoresRecord.Score("0", new Drawn("a", "b", "c", 0), 1, List.of())),
              List.of(),
              List.of(),
              List.of()));
      world.scores.pipeInput(bytes(JOB), bytes("poison"));
      world.scores.pipeInput(new TestRecord<>(null, bytes("no key")));
      world.scores.pipeInput(new TestRecord<>(bytes(JOB), (byte[]) null));
      world.jobs.pipeInput(bytes("other"), bytes("{\"schema\":1,\"type\":\"no such\"}"));
      assertThat(world.deadLetters.readRecordsToList())
          .hasSize(4)
          .allMatch(letter -> letter.headers().lastHeader("espalier-reason") != null);
      assertThat(world.finish().tree()).isNotNull();
      assertThat(world.told())
          .anyMatch(event -> event instanceof JobEvent.Rejected r && r.jobId().equals("other"));
    }
  }

  @Test
  void aSearchWhoseTreeNoRecordCanHoldEndsAsFailedAndPruningGoesOn() {
    try (World world = new World(5, 1)) {
      JobSpec spec = spec("beam", "full", true, "weighted");
      world.submit(
          new JobSpec(
              "x".repeat(TopicPlan.LARGEST_RECORD),
              spec.generator(),
              spec.verifiers(),
              spec.settings(),
              null),
          0);
      assertThat(world.told())
          .anySatisfy(
              event ->
                  assertThat(event)
                      .isInstanceOfSatisfying(
                          JobEvent.Rejected.class,
                          rejected -> assertThat(rejected.reason()).contains("larger than")));
      assertThat(world.ended.isEmpty()).isFalse();
    }
  }

  @Test
  void aJobForAFleetThatDoesNotExistIsRejectedByName() {
    try (World world = new World(5, 1)) {
      JobSpec spec = spec("beam", "full", true, "weighted");
      JobSpec unserved =
          new JobSpec(
              spec.prompt(),
              new JobSpec.GeneratorRef("unserved", "1", "d", SCALES, FakeModels.BITS_PER_TOKEN),
              spec.verifiers(),
              spec.settings(),
              null);
      world.submit(unserved, 0);
      assertThat(world.told())
          .singleElement()
          .isInstanceOfSatisfying(
              JobEvent.Rejected.class,
              event -> assertThat(event.reason()).contains("search.frontier.unserved"));
    }
  }

  private static TreeDocument inProcess(JobSpec spec) throws InterruptedException {
    Search.Outcome outcome =
        Search.run(
            SearchSpecs.of(spec),
            new FakeModels.FakeGenerator(),
            FakeModels.verifiers(),
            Runnable::run,
            1,
            Optional.empty(),
            _ -> {});
    return Documents.tree(spec, outcome.decision());
  }

  private static JobSpec spec(String strategy, String depth, boolean carry, String combine) {
    return spec(strategy, depth, carry, combine, null);
  }

  private static JobSpec spec(
      String strategy,
      String depth,
      boolean carry,
      String combine,
      @Nullable List<Integer> rewardSees) {
    List<Float> ones = List.of(1f, 1f, 1f, 1f);
    return new JobSpec(
        "a star",
        new JobSpec.GeneratorRef(GENERATOR, "1", "digest", SCALES, FakeModels.BITS_PER_TOKEN),
        List.of(
            new JobSpec.VerifierRef("clip", "c", 1, 70, 20, null),
            new JobSpec.VerifierRef("image-reward", "i", 0.5, 70, 20, rewardSees)),
        new Settings(
            Strategy.of(Strategy.plain(strategy)).plain(),
            depth,
            carry,
            "best-ever",
            new TreeMap<>(Map.of("clip", 1.0, "image-reward", 0.5)),
            rewardSees == null ? null : Map.of("image-reward", rewardSees),
            combine,
            ones,
            ones,
            ones,
            11,
            null,
            null,
            null,
            null,
            null),
        null);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
