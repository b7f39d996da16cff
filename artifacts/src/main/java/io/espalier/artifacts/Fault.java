package io.espalier.artifacts;

import io.minio.errors.ErrorResponseException;
import io.minio.errors.InsufficientDataException;
import io.minio.errors.InternalException;
import io.minio.errors.InvalidResponseException;
import io.minio.errors.ServerException;
import io.minio.errors.XmlParserException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import okhttp3.Response;

/// What came of an attempt that failed.
///
/// The codes that pass are those that Amazon's own client repeats (`RetryableErrors` and
/// `ClockSkew` of the AWS SDK for Java 2), those of MinIO's server for the same states, and those
/// that say that the request was damaged on its way. Every answer with a status of 408, 425, 429
/// or from 500 passes too, but 501. What is not known counts as refused, so that an operator
/// hears of it and no result is given up.
///
/// @param code the server's word for it, or the client's
/// @param reason for people
record Fault(Kind kind, String code, String reason) {

  enum Kind {
    /// The same request may succeed later; there was no answer.
    SILENT,
    /// The same request may succeed later; the server said so.
    PASSING,
    MISSING_KEY,
    MISSING_BUCKET,
    INVALID_KEY,
    /// An operator has to repair something first.
    REFUSED
  }

  private static final String CLOCKS = "RequestTimeTooSkewed";
  private static final Set<String> PASSING =
      Set.of(
          "BadDigest",
          "BandwidthLimitExceeded",
          "ConditionalRequestConflict",
          "IncompleteBody",
          "InternalError",
          "OperationAborted",
          "PriorRequestNotComplete",
          "RequestExpired",
          "RequestInTheFuture",
          "RequestLimitExceeded",
          "RequestThrottled",
          "RequestThrottledException",
          CLOCKS,
          "RequestTimeout",
          "RequestTimeoutException",
          "ServiceUnavailable",
          "SlowDown",
          "SlowDownRead",
          "SlowDownWrite",
          "ThrottledException",
          "Throttling",
          "ThrottlingException",
          "TooManyRequests",
          "TooManyRequestsException",
          "TransactionInProgressException",
          "XAmzContentSHA256Mismatch");
  private static final Set<String> INVALID_KEYS =
      Set.of(
          "InvalidURI",
          "KeyTooLong",
          "KeyTooLongError",
          "XMinioInvalidObjectName",
          "XMinioInvalidResourceName");
  private static final Set<Integer> PASSING_STATUS = Set.of(408, 425, 429);
  private static final int NOT_IMPLEMENTED = 501;
  private static final int FORBIDDEN = 403;

  /// S3's servers refuse a request whose date is further from theirs.
  private static final Duration LARGEST_SKEW = Duration.ofMinutes(15);

  private static final Pattern STATUS = Pattern.compile("Response code: (\\d{3})");
  private static final int LONGEST_REASON = 200;

  static Fault of(Exception error) {
    return switch (error) {
      case ErrorResponseException e -> answered(e);
      case InvalidResponseException e -> new Fault(withoutCode(status(e)), "", reason(e));
      case ServerException e -> new Fault(withoutCode(e.statusCode()), "", reason(e));
      case InternalException _, InsufficientDataException _, XmlParserException _ ->
          new Fault(Kind.PASSING, "", reason(error));
      case IOException _ -> new Fault(Kind.SILENT, "", reason(error));
      default -> new Fault(Kind.REFUSED, "", reason(error));
    };
  }

  /// Of one key among several in a request.
  static Fault of(String code, String message) {
    return new Fault(kind(code, 0), code, code + ": " + message);
  }

  boolean isPassing() {
    return kind == Kind.SILENT || kind == Kind.PASSING;
  }

  private static Fault answered(ErrorResponseException error) {
    Response response = error.response();
    Duration skew = skew(response);
    String code = error.errorResponse().code();
    if (response.code() == FORBIDDEN && skew.compareTo(LARGEST_SKEW) > 0) {
      // An answer without a body says no more than that access was denied.
      code = CLOCKS;
    }
    String reason = "%s, status %d".formatted(code, response.code());
    if (code.equals(CLOCKS)) {
      reason +=
          "; set the clocks of this machine and of the server, they differ by %d minutes"
              .formatted(skew.toMinutes());
    } else if (error.errorResponse().message() != null) {
      reason += ": " + error.errorResponse().message();
    }
    return new Fault(kind(code, response.code()), code, shortened(reason));
  }

  private static Kind kind(String code, int status) {
    if (code.equals("NoSuchKey")) {
      return Kind.MISSING_KEY;
    }
    if (code.equals("NoSuchBucket")) {
      return Kind.MISSING_BUCKET;
    }
    if (INVALID_KEYS.contains(code)) {
      return Kind.INVALID_KEY;
    }
    return PASSING.contains(code) ? Kind.PASSING : withoutCode(status);
  }

  private static Kind withoutCode(int status) {
    boolean passing =
        PASSING_STATUS.contains(status) || (status >= 500 && status != NOT_IMPLEMENTED);
    return passing ? Kind.PASSING : Kind.REFUSED;
  }

  /// The client keeps the status of an answer that is not XML in its message alone.
  private static int status(InvalidResponseException error) {
    Matcher status = STATUS.matcher(String.valueOf(error.getMessage()));
    return status.find() ? Integer.parseInt(status.group(1)) : 0;
  }

  private static Duration skew(Response response) {
    Instant theirs = response.headers().getInstant("Date");
    return theirs == null ? Duration.ZERO : Duration.between(theirs, Instant.now()).abs();
  }

  private static String reason(Exception error) {
    return shortened(error.toString());
  }

  private static String shortened(String reason) {
    String line = reason.replaceAll("\\s+", " ");
    return line.length() > LONGEST_REASON ? line.substring(0, LONGEST_REASON) + "…" : line;
  }
}
