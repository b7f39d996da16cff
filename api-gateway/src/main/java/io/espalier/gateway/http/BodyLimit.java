package io.espalier.gateway.http;

import io.quarkiverse.resteasy.problem.HttpProblem;
import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/// Refuses bodies that are so large that they are not even read to their end, in the API's words:
/// Quarkus would refuse them without any. Called on the event loop; blocks nothing.
@Singleton
final class BodyLimit {

  /// Before Quarkus' own check.
  private static final int PRIORITY = 100;

  private final long limit;

  BodyLimit(@ConfigProperty(name = "quarkus.http.limits.max-body-size") MemorySize limit) {
    this.limit = limit.asLongValue();
  }

  void register(@Observes Filters filters) {
    filters.register(this::check, PRIORITY);
  }

  private void check(RoutingContext context) {
    String length = context.request().getHeader(HttpHeaders.CONTENT_LENGTH);
    if (length == null || Long.parseLong(length) <= limit) {
      context.next();
      return;
    }
    HttpProblem problem =
        ProblemKind.BODY_TOO_LARGE.problem(
            "the body is said to have %s bytes, which no request has".formatted(length),
            context.normalizedPath());
    HttpServerResponse response =
        context
            .response()
            .setStatusCode(problem.getStatusCode())
            .putHeader(HttpHeaders.CONTENT_TYPE, HttpProblem.MEDIA_TYPE.toString())
            .putHeader(HttpHeaders.CONNECTION, "close");
    response.endHandler(_ -> context.request().connection().close());
    response
        .end(
            new JsonObject()
                .put("type", problem.getType().toString())
                .put("status", problem.getStatusCode())
                .put("title", problem.getTitle())
                .put("detail", problem.getDetail())
                .put("instance", context.normalizedPath())
                .encode())
        .onFailure(_ -> context.request().connection().close());
  }
}
