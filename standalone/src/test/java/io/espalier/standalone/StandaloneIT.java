package io.espalier.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.espalier.contracts.JobRequest;
import io.espalier.gateway.http.JobDocument;
import io.espalier.gateway.store.JobStatus;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/// All of Espalier in one process, and the commands that talk to it.
class StandaloneIT {

  private static final String PROMPT = "a red circle left of a blue square";
  private static final Pattern SERVES = Pattern.compile("espalier serves at (\\S+),");

  @TempDir private static Path shared;
  private static Processes processes;
  private static String data;

  @TempDir private Path temporary;

  /// The gateway looks at its queue where it is asked to, and hardly ever else: what rounds without
  /// work ask of the database is no search's.
  @BeforeAll
  static void serve() {
    processes = new Processes(shared);
    data = shared.resolve("data").toString();
    Map<String, String> quiet = Map.of("ESPALIER_GATEWAY_EVERY", "1m");
    processes
        .start("serve", "standalone", quiet, "serve", "--port=0", "--data", data)
        .awaitText(SERVES);
  }

  @AfterAll
  static void stop() {
    processes.close();
  }

  private Typed search(String how, String options) {
    List<String> arguments = new ArrayList<>(List.of("search", PROMPT, "--seed=5", how));
    arguments.addAll(List.of(options.split(" ")));
    arguments.addAll(List.of("--out", temporary.resolve(how.substring(2, 4)).toString()));
    return Typed.espalier(arguments.toArray(String[]::new)).ok();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--width=2 --branches=3",
        "--width=2 --branches=3 --no-carry --combine=rank --answer=last-frontier",
        "--width=2 --branches=7 --depth=3",
        "--width=2 --branches=3 --depth=prefix --no-carry",
        "--width=2 --branches=3 --depth=5 --combine=rank --verifier=image-reward=0.5,clip=1",
        "--strategy=greedy --branches=4",
        "--strategy=greedy --branches=3 --depth=prefix --combine=rank",
        "--strategy=random --images=7",
        "--strategy=smc:particles=6,lambda=1,at=2/3/5",
        "--strategy=threshold:draws=5,wave=2,width=2",
        "--strategy=backtracking:width=2,branches=3,rounds=4",
        "--width=3/2/1 --branches=3 --tier=vlm=0/2/3,image-reward=4 --depth=3/3/full",
        "--strategy=beam:width=2,branches=3,perParent=1,spread=1/2 --max-nfe=80",
        "--width=2 --branches=3 --max-nfe=60",
        "--width=2 --branches=3 --target-score=0 --verifier=image-reward=1",
        "--paper --width=2 --branches=3 --temperature=0.9 --guidance=2 --top-p=0.9",
      })
  void aSearchThroughTheFlowIsTheSearchInProcessToTheByte(String options) {
    search("--data=" + data, options);
    search("--in-process", options);

    Typed.assertSameBytes(temporary.resolve("da"), temporary.resolve("in"));
  }

  @Test
  void theExperimentFindsTheSameThroughTheFlowAsInProcessAndGoesOnWhereItWasStopped()
      throws IOException {
    String flow = temporary.resolve("flow").toString();
    String here = temporary.resolve("here").toString();
    paper("--url", url(), "--out", flow, "--prompts=1");
    paper("--in-process", "--out", here, "--prompts=1");
    List<String> first = pictures(here);

    assertThat(pictures(flow)).isNotEmpty().isEqualTo(first);

    Files.delete(temporary.resolve("here/runs/greedy.jsonl"));
    paper("--in-process", "--out", here, "--prompts=1");
    assertThat(pictures(here)).isEqualTo(first);
    assertThat(temporary.resolve("here/report.md")).content().contains("greedy");
  }

  private static void paper(String... more) {
    List<String> arguments = new ArrayList<>(List.of("bench", "paper", "--parts=1", "--seeds=1"));
    arguments.addAll(List.of(more));
    Typed.espalier(arguments.toArray(String[]::new)).ok();
  }

  /// Every run of an experiment, but for its times.
  private static List<String> pictures(String folder) throws IOException {
    List<String> runs = new ArrayList<>();
    try (Stream<Path> files = Files.list(Path.of(folder, "runs"))) {
      for (Path file : files.filter(each -> each.toString().endsWith(".jsonl")).sorted().toList()) {
        Files.readAllLines(file)
            .forEach(run -> runs.add(run.replaceAll("\"\\w+Millis\":\\d+", "")));
      }
    }
    return runs;
  }

  @Test
  void severalPromptsAreSearchedSideBySide() throws IOException {
    Path prompts = Files.writeString(temporary.resolve("p.txt"), "a star\nthree hearts\na ring\n");
    for (String how : List.of("--data=" + data, "--in-process")) {
      Typed.espalier(
              "search",
              "--prompts",
              prompts.toString(),
              how,
              "--width=1",
              "--branches=2",
              "--out",
              temporary.resolve(how.substring(2, 4)).toString())
          .ok();
    }
    for (String folder : List.of("0001", "0002", "0003")) {
      Typed.assertSameBytes(
          temporary.resolve("da").resolve(folder), temporary.resolve("in").resolve(folder));
    }
  }

  @Test
  void theCommandsTellOfAJobAndFetchIt() {
    search("--data=" + data, "--width=2 --branches=2");
    String jobs = Typed.espalier("jobs", "--data", data).ok().out();
    assertThat(jobs).contains(PROMPT).contains("found");
    String id = jobs.substring(0, 36);

    assertThat(Typed.espalier("show", id, "--data", data).ok().out())
        .contains("job        " + id)
        .contains("status     found")
        .contains("cost ");
    assertThat(Typed.espalier("watch", id, "--data", data).ok().err()).contains("scale 7 of 7");
    assertThat(Typed.espalier("cancel", id, "--data", data).ok().out()).contains("already ended");

    Path again = temporary.resolve("again");
    Typed.espalier("show", id, "--data", data, "--out", again.toString()).ok();
    Typed.assertSameBytes(again, temporary.resolve("da"));
  }

  @Test
  void commandsSayWhatIsWrong() {
    refused("there is no job", "show", "7d4e0a52-0000-0000-0000-000000000000", "--data", data);
    refused("'nonsense'", "show", "nonsense", "--data", data);
    refused("no server runs on", "jobs", "--data", temporary.toString());
    refused("no server answers at http://127.0.0.1:1", "jobs", "--url", "http://127.0.0.1:1");
    refused("--url is 'here'", "jobs", "--url", "here");
    refused("status", "jobs", "--status", "asleep", "--data", data);
    refused("nobody serves", "search", "x", "--data", data, "--url", url(), "--bundle=nobody");
  }

  @Test
  void aSecondServerOnTheFolderOrThePortIsRefused() {
    Processes.Running second = processes.espalier("second", "serve", "--port=0", "--data", data);
    assertThat(second.join()).isEqualTo(1);
    assertThat(second.text()).contains("is in use by process").doesNotContain("Exception");

    String port = url().substring(url().lastIndexOf(':') + 1);
    Processes.Running third =
        processes.espalier(
            "third", "serve", "--port", port, "--data", temporary.resolve("other").toString());
    assertThat(third.join()).isEqualTo(1);
    assertThat(third.text()).contains("cannot listen on port " + port).contains("another --port");

    Processes.Running fourth =
        processes.espalier("fourth", "serve", "--port=0", "--data", "/proc/espalier");
    assertThat(fourth.join()).isEqualTo(1);
    assertThat(fourth.text()).contains("/proc/espalier cannot be written");
  }

  @Test
  void aServerThatIsKilledThreeScalesDeepGoesOnWhenItIsStartedAgain() {
    String folder = temporary.resolve("state").toString();
    Processes.Running first = processes.espalier("doomed", "serve", "--port=0", "--data", folder);
    String url = first.awaitText(SERVES).group(1);
    Processes.Running client =
        processes.espalier(
            "client", "search", PROMPT, "--url", url, "--out", temporary.resolve("x").toString());
    client.awaitText(Pattern.compile("scale 3 of 7"));
    first.kill();
    client.kill();

    processes.espalier("again", "serve", "--port=0", "--data", folder).awaitText(SERVES);
    String id = Typed.espalier("jobs", "--data", folder).ok().out().substring(0, 36);
    long restarted = System.nanoTime();
    Typed.espalier("watch", id, "--data", folder).ok();
    System.out.printf(
        "a search that was killed at scale 3 ended %.1f s after the restart%n",
        (System.nanoTime() - restarted) / 1e9);

    Typed.espalier("show", id, "--data", folder, "--out", temporary.resolve("flow").toString())
        .ok();
    Typed.espalier("search", PROMPT, "--in-process", "--out", temporary.resolve("in").toString())
        .ok();
    Typed.assertSameBytes(temporary.resolve("flow"), temporary.resolve("in"));
  }

  @Test
  void aCancelledJobEndsSoonWithTheBestImageSoFar() {
    Processes.Running client =
        processes.espalier(
            "cancelled",
            "search",
            PROMPT,
            "--width=6",
            "--branches=8",
            "--data",
            data,
            "--out",
            temporary.resolve("x").toString());
    client.awaitText(Pattern.compile("scale 1 of 7"));
    String id =
        Typed.espalier("jobs", "--status=running", "--data", data).ok().out().substring(0, 36);

    assertThat(Typed.espalier("cancel", id, "--data", data).ok().out()).contains("asked to stop");

    assertThat(client.join()).isZero();
    assertThat(client.text()).contains("ended      cancelled");
    await()
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(
            () ->
                assertThat(Typed.espalier("show", id, "--data", data).ok().out())
                    .contains("status     cancelled"));
  }

  @Test
  void twoHundredJobsAtOnceAreAdmittedInOrderAndAllEndInLittleMemory() throws Exception {
    Api api = new Api(URI.create(url()));
    List<String> ids = new ArrayList<>();
    for (int seed = 0; seed < 200; seed++) {
      ids.add(api.submit(oneImage(seed)).id().toString());
    }
    List<JobDocument> ended = new ArrayList<>();
    long atHalf = 0;
    for (String id : ids) {
      api.watch(id, _ -> {});
      ended.add(api.job(id));
      if (ended.size() == 100) {
        atHalf = residentKilobytes();
      }
    }

    assertThat(ended).extracting(JobDocument::status).containsOnly(JobStatus.FOUND);
    assertThat(ended).extracting(JobDocument::admittedAt).isSorted();
    long atEnd = residentKilobytes();
    System.out.printf("resident after 100 jobs %d kB, after 200 %d kB%n", atHalf, atEnd);
    assertThat(atEnd).isLessThan(1_500_000).isLessThan(atHalf + 150_000);
  }

  @Test
  @Timeout(300)
  void aSearchTakesFewRecordsAndStatements() throws Exception {
    String broker = "127.0.0.1:" + Files.readString(Path.of(data, "kafka", "port"));
    try (Tail tail = new Tail(broker);
        Statements statements = new Statements(Path.of(data, "postgres"))) {
      searchUnwatched(oneImage(0), tail, statements);
      try (Traffic traffic = new Traffic(broker)) {
        statements.begin();
        searchUnwatched(defaultBeam(), tail, statements);
        Map<String, Integer> counts = traffic.byTopic();
        int records = sum(counts, topic -> !topic.endsWith("-changelog"));
        int changes = sum(counts, topic -> topic.endsWith("-changelog"));
        List<String> seen = statements.seen();
        System.out.printf(
            "%d records, %d of changelogs, %d statements%n", records, changes, seen.size());

        // A record may come twice, and how many events share a statement is chance.
        assertThat(records).as("%s", counts).isBetween(222, 240);
        assertThat(changes).as("%s", counts).isBetween(200, 260);
        assertThat(seen).hasSizeBetween(12, 40);
      }
    }
  }

  private static void searchUnwatched(JobRequest request, Tail tail, Statements statements)
      throws InterruptedException {
    tail.ofEnded(new Api(URI.create(url())).submit(request).id().toString());
    AtomicInteger before = new AtomicInteger(-1);
    await()
        .pollInterval(Duration.ofSeconds(2))
        .until(
            () -> {
              int now = statements.seen().size();
              return before.getAndSet(now) == now;
            });
  }

  private static int sum(Map<String, Integer> counts, Predicate<String> topics) {
    return counts.entrySet().stream()
        .filter(each -> topics.test(each.getKey()))
        .mapToInt(Map.Entry::getValue)
        .sum();
  }

  /// Three hypotheses of five branches each, seven scales, four verifiers.
  private static JobRequest defaultBeam() {
    return CommandLine.populateCommand(new SearchOptions(), "--width=3", "--branches=5", "--seed=1")
        .request("a star", "shapes-infinity");
  }

  private static JobRequest oneImage(long seed) {
    return CommandLine.populateCommand(
            new SearchOptions(), "--strategy=random", "--images=1", "--seed=" + seed)
        .request("a star", "shapes-infinity");
  }

  /// Of the process that serves.
  private static long residentKilobytes() throws IOException {
    long pid = processes.named("serve").orElseThrow().process().pid();
    return Files.readAllLines(Path.of("/proc", Long.toString(pid), "status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElseThrow();
  }

  private static String url() {
    return processes.named("serve").orElseThrow().awaitText(SERVES).group(1);
  }

  private static void refused(String words, String... arguments) {
    Typed run = Typed.espalier(arguments);
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).startsWith("espalier: ").contains(words);
    assertThat(run.err().lines().toList()).hasSize(1);
  }
}
