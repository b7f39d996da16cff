package io.espalier.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.espalier.contracts.JobEvent;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/// Prints where the time of a search goes that no model call takes, once everything is warm.
class LatencyIT {

  private static final int SEARCHES = 5;
  private static final int WARM = 2;
  private static final int SCALES = 7;
  private static final Pattern SERVES = Pattern.compile("espalier serves at (\\S+),");

  @TempDir private Path temporary;

  @Test
  void theTimeWithoutAModelCallIsToldByWhatItIsSpentOn() throws Exception {
    Path data = temporary.resolve("data");
    try (Processes processes = new Processes(temporary)) {
      String url =
          processes
              .espalier("serve", "serve", "--port=0", "--data", data.toString())
              .awaitText(SERVES)
              .group(1);
      Api api = new Api(URI.create(url));
      try (Tail tail = new Tail("127.0.0.1:" + Files.readString(data.resolve("kafka/port")))) {
        for (int number = 0; number < SEARCHES; number++) {
          List<Tail.Seen> records = searched(api, tail, number);
          Map<Timeline.Wait, Long> waits = Timeline.of(records);
          long all = waits.values().stream().mapToLong(Long::longValue).sum();
          System.out.printf(
              "search %d%s: without a model call %d ms, %d ms a scale; of it %s%n",
              number, number < WARM ? " (cold)" : "", all, all / SCALES, waits);

          assertThat(waits.get(Timeline.Wait.COMMIT)).isPositive();
          assertThat(waits.get(Timeline.Wait.STORE)).isPositive();
        }
      }
    }
  }

  private static List<Tail.Seen> searched(Api api, Tail tail, int seed)
      throws IOException, InterruptedException {
    SearchOptions options =
        CommandLine.populateCommand(new SearchOptions(), "--width=3", "--seed=" + seed);
    String id = api.submit(options.request("a star", "shapes-infinity")).id().toString();
    Awaitility.await()
        .atMost(Duration.ofMinutes(2))
        .until(
            () -> tail.of(id).stream().anyMatch(seen -> seen.record() instanceof JobEvent.Ended));
    return tail.of(id);
  }
}
