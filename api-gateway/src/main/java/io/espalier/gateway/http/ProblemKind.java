package io.espalier.gateway.http;

import io.quarkiverse.resteasy.problem.HttpProblem;
import io.quarkiverse.resteasy.problem.InstanceUtils;
import java.net.URI;
import java.util.Locale;

/// The kinds of problems that a client can meet. A kind's type is a name for programs; it does
/// not change between versions.
enum ProblemKind {
  NOT_JSON(400, "The body is not JSON"),
  UNKNOWN_FIELD(400, "A field is unknown"),
  WRONG_TYPE(400, "A field has the wrong type"),
  BAD_STRATEGY(400, "The strategy makes no sense"),
  BAD_PARAMETER(400, "A parameter or header makes no sense"),
  BAD_REQUEST(400, "The request makes no sense"),
  UNKNOWN_ROUTE(404, "Nothing is served here"),
  UNKNOWN_JOB(404, "There is no such job"),
  NOTHING_THERE(404, "The job has no such thing"),
  METHOD_NOT_ALLOWED(405, "The method is not served here"),
  NOT_ACCEPTABLE(406, "The answer cannot be given in that form"),
  NOT_ENDED(409, "The job has not ended"),
  BODY_TOO_LARGE(413, "The body is too large"),
  UNSUPPORTED_MEDIA_TYPE(415, "The body cannot be read in that form"),
  INVALID_SEARCH(422, "The search cannot be run"),
  KEY_REUSED(422, "The idempotency key belongs to another request"),
  INTERNAL(500, "The gateway failed"),
  UNAVAILABLE(503, "Something that the gateway needs is away");

  private static final String PREFIX = "urn:espalier:problem:";
  private static final int RETRY_AFTER_SECONDS = 5;

  private final int status;
  private final String title;

  ProblemKind(int status, String title) {
    this.status = status;
    this.title = title;
  }

  int status() {
    return status;
  }

  String title() {
    return title;
  }

  URI type() {
    return URI.create(PREFIX + name().toLowerCase(Locale.ROOT).replace('_', '-'));
  }

  /// A problem of this kind.
  ///
  /// @param detail what, where and what to do
  /// @param path of the request
  HttpProblem problem(String detail, String path) {
    HttpProblem.Builder problem =
        HttpProblem.builder()
            .withType(type())
            .withTitle(title)
            .withStatus(status)
            .withDetail(detail)
            .withInstance(InstanceUtils.pathToInstance(path));
    if (this == UNAVAILABLE) {
      problem.withHeader("Retry-After", RETRY_AFTER_SECONDS);
    }
    return problem.build();
  }
}
