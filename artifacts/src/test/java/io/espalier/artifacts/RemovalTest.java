package io.espalier.artifacts;

import static io.espalier.artifacts.FaultyS3.BUCKET;
import static io.espalier.artifacts.FaultyS3.error;
import static io.espalier.artifacts.FaultyS3.xml;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Listing page by page, and removing many keys of which some stay.
class RemovalTest {

  private static final String PREFIX = "candidates/1/";
  private static final String NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";
  private static final String TIME = "<LastModified>2026-01-01T00:00:00.000Z</LastModified>";
  private static final Duration SHORT = Duration.ofMillis(500);

  @Test
  void aListingAsksForAPageWhenItIsReadAndNotBefore() throws Exception {
    try (FaultyS3 server = new FaultyS3(RemovalTest::pages)) {
      Iterator<String> keys = store(server, SHORT).list(PREFIX).iterator();
      assertThat(keys.next()).isEqualTo(key(0));
      assertThat(server.requests()).as("one page").hasSize(1);
      for (int i = 1; i < 1_000; i++) {
        keys.next();
      }
      assertThat(keys.next()).isEqualTo(key(1_000));
      assertThat(server.requests()).hasSize(2);
    }
  }

  @Test
  void aThousandKeysGoInOneRequest() throws Exception {
    try (FaultyS3 server =
        new FaultyS3(
            request -> {
              if (request.getRequestMethod().equals("POST")) {
                result(request, "");
              } else {
                pages(request);
              }
            })) {
      store(server, Duration.ofSeconds(2)).deleteAll(PREFIX);
      assertThat(server.requests()).filteredOn(r -> r.startsWith("POST")).hasSize(3);
      assertThat(server.requests()).filteredOn(r -> r.startsWith("GET")).hasSize(3);
      assertThat(server.requests()).hasSize(6);
    }
  }

  @Test
  void oneKeyThatStaysDoesNotKeepTheOthersAndIsNamed() throws Exception {
    AtomicInteger posts = new AtomicInteger();
    try (FaultyS3 server =
        new FaultyS3(
            request -> {
              if (!request.getRequestMethod().equals("POST")) {
                pages(request);
              } else if (posts.incrementAndGet() == 1) {
                result(request, stays(key(7), "AccessDenied") + stays(key(8), "NoSuchKey"));
              } else {
                result(request, "");
              }
            })) {
      assertThatThrownBy(() -> store(server, Duration.ofMinutes(1)).deleteAll(PREFIX))
          .isInstanceOfSatisfying(
              ArtifactException.Incomplete.class,
              e -> {
                assertThat(e.removed()).isEqualTo(2_099);
                assertThat(e.left()).isEqualTo(1);
              })
          .hasMessageContaining(key(7))
          .hasMessageContaining("AccessDenied");
      assertThat(posts).hasValue(3);
    }
  }

  @Test
  void aKeyThatStaysForAWhileIsAskedForAgainAlone() throws Exception {
    AtomicInteger posts = new AtomicInteger();
    try (FaultyS3 server =
        new FaultyS3(
            request -> {
              if (!request.getRequestMethod().equals("POST")) {
                page(request, 0, 20, "");
              } else if (posts.incrementAndGet() < 3) {
                result(request, stays(key(7), "SlowDown"));
              } else {
                result(request, "");
              }
            })) {
      store(server, Duration.ofSeconds(30)).deleteAll(PREFIX);
      assertThat(posts).hasValue(3);
    }
  }

  @Test
  void aKeyThatStaysForAllOfThePatienceIsNamedToo() throws Exception {
    try (FaultyS3 server =
        new FaultyS3(
            request -> {
              if (request.getRequestMethod().equals("POST")) {
                result(request, stays(key(7), "InternalError"));
              } else {
                page(request, 0, 20, "");
              }
            })) {
      assertThatThrownBy(() -> store(server, Duration.ofSeconds(2)).deleteAll(PREFIX))
          .isInstanceOfSatisfying(
              ArtifactException.Incomplete.class, e -> assertThat(e.left()).isEqualTo(1))
          .hasMessageContaining("InternalError");
    }
  }

  @Test
  void aServerThatFailsTheWholeRequestForOneKeyIsAskedKeyByKey() throws Exception {
    try (FaultyS3 server =
        new FaultyS3(
            request -> {
              switch (request.getRequestMethod()) {
                case "GET" -> page(request, 0, 20, "");
                case "DELETE" -> {
                  if (request.getRequestURI().getPath().endsWith(key(7))) {
                    error(request, 500, "InternalError");
                  } else {
                    FaultyS3.bytes(request, 204, new byte[0]);
                  }
                }
                default -> error(request, 500, "InternalError");
              }
            })) {
      assertThatThrownBy(() -> store(server, Duration.ofSeconds(2)).deleteAll(PREFIX))
          .isInstanceOfSatisfying(
              ArtifactException.Incomplete.class, e -> assertThat(e.removed()).isEqualTo(19))
          .hasMessageContaining(key(7));
    }
  }

  @Test
  void aServerThatKnowsNoBulkRequestsIsAskedKeyByKey() throws Exception {
    try (FaultyS3 server =
        new FaultyS3(
            request -> {
              switch (request.getRequestMethod()) {
                case "GET" -> page(request, 0, 20, "");
                case "DELETE" -> FaultyS3.bytes(request, 204, new byte[0]);
                default -> error(request, 501, "NotImplemented");
              }
            })) {
      store(server, Duration.ofSeconds(2)).deleteAll(PREFIX);
      assertThat(server.requests()).filteredOn(r -> r.startsWith("DELETE")).hasSize(20);
    }
  }

  @Test
  void anErrorInsideAGoodAnswerLeavesAllKeys() throws Exception {
    try (FaultyS3 server =
        new FaultyS3(
            request -> {
              if (request.getRequestMethod().equals("GET")) {
                page(request, 0, 20, "");
              } else {
                error(request, 200, "AccessDenied");
              }
            })) {
      assertThatThrownBy(() -> store(server, SHORT).deleteAll(PREFIX))
          .isInstanceOfSatisfying(
              ArtifactException.Incomplete.class, e -> assertThat(e.left()).isEqualTo(20));
    }
  }

  @Test
  void wrongKeysAreRefusedOnceAndNotForEachKey() throws Exception {
    try (FaultyS3 server =
        new FaultyS3(
            request -> {
              if (request.getRequestMethod().equals("GET")) {
                page(request, 0, 20, "");
              } else {
                error(request, 403, "AccessDenied");
              }
            })) {
      assertThatThrownBy(() -> store(server, Duration.ofSeconds(2)).deleteAll(PREFIX))
          .isInstanceOf(ArtifactException.Refused.class);
      assertThat(server.requests()).hasSize(2);
    }
  }

  private static ArtifactStore store(FaultyS3 server, Duration patience) {
    return new S3Artifacts(server.client(), BUCKET, patience, 64);
  }

  private static String key(int number) {
    return PREFIX + "%04d".formatted(number);
  }

  /// 2,100 keys in three pages.
  private static void pages(HttpExchange request) throws IOException {
    String query = request.getRequestURI().getQuery();
    if (query.contains("continuation-token=2000")) {
      page(request, 2_000, 100, "");
    } else if (query.contains("continuation-token=1000")) {
      page(request, 1_000, 1_000, "2000");
    } else {
      page(request, 0, 1_000, "1000");
    }
  }

  private static void page(HttpExchange request, int first, int count, String next)
      throws IOException {
    String contents =
        IntStream.range(first, first + count)
            .mapToObj(i -> "<Contents><Key>%s</Key>%s</Contents>".formatted(key(i), TIME))
            .collect(Collectors.joining());
    String end =
        next.isEmpty()
            ? "<IsTruncated>false</IsTruncated>"
            : "<IsTruncated>true</IsTruncated><NextContinuationToken>%s</NextContinuationToken>"
                .formatted(next);
    xml(
        request,
        200,
        "<ListBucketResult xmlns='%s'><Name>b</Name><Prefix></Prefix>%s%s</ListBucketResult>"
            .formatted(NAMESPACE, end, contents));
  }

  private static String stays(String key, String code) {
    return "<Error><Key>%s</Key><Code>%s</Code><Message>no</Message></Error>".formatted(key, code);
  }

  private static void result(HttpExchange request, String errors) throws IOException {
    xml(request, 200, "<DeleteResult xmlns='%s'>%s</DeleteResult>".formatted(NAMESPACE, errors));
  }
}
