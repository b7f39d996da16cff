package io.espalier.artifacts;

import static io.espalier.artifacts.FaultyS3.BUCKET;
import static io.espalier.artifacts.FaultyS3.error;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.minio.errors.ErrorResponseException;
import io.minio.messages.ErrorResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Which answers of a server are waited out, which are refusals, and which are final.
class PassingFaultsTest {

  private static final String COPIED =
      "<CopyObjectResult><ETag>\"1\"</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
          + "</CopyObjectResult>";
  private static final Duration SHORT = Duration.ofMillis(250);

  @ParameterizedTest
  @CsvSource({
    "429, TooManyRequests",
    "429, SomethingNew",
    "408, RequestTimeout",
    "400, RequestTimeout",
    "400, IncompleteBody",
    "400, BadDigest",
    "400, XAmzContentSHA256Mismatch",
    "400, ThrottlingException",
    "400, Throttling",
    "400, RequestLimitExceeded",
    "403, RequestTimeTooSkewed",
    "403, RequestThrottled",
    "409, OperationAborted",
    "409, ConditionalRequestConflict",
    "425, TooEarly",
    "500, InternalError",
    "502, BadGateway",
    "503, SlowDown",
    "503, SlowDownWrite",
    "503, ServiceUnavailable",
    "503, XMinioServerNotInitialized",
    "504, GatewayTimeout",
    "507, XMinioStorageFull"
  })
  void anAnswerThatPassesIsWaitedOut(int status, String code) throws Exception {
    AtomicInteger asked = new AtomicInteger();
    try (FaultyS3 server =
        new FaultyS3(
            request -> {
              if (asked.incrementAndGet() < 3) {
                error(request, status, code);
              } else {
                FaultyS3.xml(request, 200, COPIED);
              }
            })) {
      store(server, Duration.ofSeconds(30)).copy("a", "b");
      assertThat(asked).hasValue(3);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "400, AuthorizationHeaderMalformed",
    "400, ExpiredToken",
    "400, XMinioAdminBucketQuotaExceeded",
    "402, PaymentRequired",
    "403, AccessDenied",
    "403, InvalidAccessKeyId",
    "403, QuotaExceeded",
    "403, SignatureDoesNotMatch",
    "405, MethodNotAllowed",
    "413, EntityTooLarge",
    "418, SomethingNew",
    "501, NotImplemented"
  })
  void aRefusalThatAnOperatorCanRepairIsToldAtOnceWithItsCode(int status, String code)
      throws Exception {
    try (FaultyS3 server = new FaultyS3(request -> error(request, status, code))) {
      assertThatThrownBy(() -> store(server, Duration.ofMinutes(1)).copy("a", "b"))
          .isInstanceOf(ArtifactException.Refused.class)
          .hasMessageContaining("copy a to b")
          .hasMessageContaining(code);
      assertThat(server.requests()).hasSize(1);
    }
  }

  @ParameterizedTest
  @CsvSource({"400, KeyTooLongError", "400, XMinioInvalidObjectName", "400, InvalidURI"})
  void aKeyThatTheServerDoesNotTakeIsFinal(int status, String code) throws Exception {
    try (FaultyS3 server = new FaultyS3(request -> error(request, status, code))) {
      assertThatThrownBy(() -> store(server, Duration.ofMinutes(1)).copy("a", "b"))
          .isInstanceOf(ArtifactException.InvalidKey.class)
          .hasMessageContaining(code);
    }
  }

  @Test
  void aMissingBucketIsToldFromAMissingKey() throws Exception {
    try (FaultyS3 server = new FaultyS3(request -> error(request, 404, "NoSuchBucket"))) {
      assertThatThrownBy(() -> store(server, SHORT).copy("a", "b"))
          .isInstanceOfSatisfying(
              ArtifactException.NotFound.class, e -> assertThat(e.bucketIsMissing()).isTrue());
    }
    try (FaultyS3 server = new FaultyS3(request -> error(request, 404, "NoSuchKey"))) {
      assertThatThrownBy(() -> store(server, SHORT).copy("a", "b"))
          .isInstanceOfSatisfying(
              ArtifactException.NotFound.class, e -> assertThat(e.bucketIsMissing()).isFalse());
    }
  }

  @Test
  void anErrorInsideACopysGoodAnswerIsAnErrorAndWaitedOut() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    try (FaultyS3 server =
        new FaultyS3(
            request ->
                FaultyS3.xml(
                    request,
                    200,
                    asked.incrementAndGet() < 2
                        ? "<Error><Code>InternalError</Code></Error>"
                        : COPIED))) {
      store(server, Duration.ofSeconds(30)).copy("a", "b");
      assertThat(asked).hasValue(2);
    }
  }

  @Test
  void aProxysPageIsJudgedByItsStatus() throws Exception {
    try (FaultyS3 server = new FaultyS3(request -> FaultyS3.bytes(request, 413, new byte[] {60}))) {
      assertThatThrownBy(() -> store(server, Duration.ofMinutes(1)).get("a"))
          .isInstanceOf(ArtifactException.Refused.class)
          .hasMessageContaining("413");
    }
    try (FaultyS3 server = new FaultyS3(request -> FaultyS3.bytes(request, 502, new byte[] {60}))) {
      assertThatThrownBy(() -> store(server, SHORT).get("a"))
          .isInstanceOf(ArtifactException.Unreachable.class)
          .hasMessageContaining("502");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"RequestTimeTooSkewed", "AccessDenied"})
  void clocksThatDifferAreNamedEvenWhereTheAnswerHasNoBody(String code) {
    Fault fault = Fault.of(forbidden(code, Instant.now().minus(Duration.ofMinutes(61))));
    assertThat(fault.isPassing()).isTrue();
    assertThat(fault.reason()).contains("clocks").contains("61 minutes");
  }

  @Test
  void wrongKeysAreNotTakenForClocks() {
    assertThat(Fault.of(forbidden("AccessDenied", Instant.now())).isPassing()).isFalse();
  }

  private static ErrorResponseException forbidden(String code, Instant date) {
    Response answer =
        new Response.Builder()
            .request(new Request.Builder().url("http://localhost/").build())
            .protocol(Protocol.HTTP_1_1)
            .code(403)
            .message("Forbidden")
            .header(
                "Date", DateTimeFormatter.RFC_1123_DATE_TIME.format(date.atOffset(ZoneOffset.UTC)))
            .build();
    return new ErrorResponseException(
        new ErrorResponse(code, "no", "b", "k", "/", "1", "2"), answer, "");
  }

  @Test
  void aHeadThatIsThrottledIsWaitedOut() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    try (FaultyS3 server =
        new FaultyS3(
            request ->
                FaultyS3.bytes(request, asked.incrementAndGet() < 2 ? 429 : 404, new byte[0]))) {
      assertThat(store(server, Duration.ofSeconds(30)).exists("a")).isFalse();
      assertThat(asked).hasValue(2);
    }
  }

  @Test
  void aBucketThatIsJustBeingMadeIsWaitedFor() throws Exception {
    AtomicInteger puts = new AtomicInteger();
    try (FaultyS3 server =
        new FaultyS3(
            request -> {
              boolean object = request.getRequestURI().getPath().endsWith("/key");
              if (!object) {
                error(request, 409, "OperationAborted");
              } else if (puts.incrementAndGet() < 4) {
                error(request, 404, "NoSuchBucket");
              } else {
                request.getResponseHeaders().set("ETag", "1");
                FaultyS3.bytes(request, 200, new byte[0]);
              }
            })) {
      assertThatCode(() -> store(server, Duration.ofSeconds(30)).put("key", new byte[3], "a/b"))
          .doesNotThrowAnyException();
    }
  }

  private static ArtifactStore store(FaultyS3 server, Duration patience) {
    return new S3Artifacts(server.client(), BUCKET, patience, 64);
  }
}
