package io.espalier.gateway.http;

import io.espalier.artifacts.ArtifactException;
import io.espalier.beam.InvalidSearchException;
import io.espalier.gateway.jobs.JobException;
import jakarta.ws.rs.ForbiddenException;
import jakarta.ws.rs.NotAcceptableException;
import jakarta.ws.rs.NotAllowedException;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.NotSupportedException;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.sql.SQLException;
import java.util.UUID;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Every exception as problem details (RFC 9457).
public class ProblemMappers {

  private static final Logger LOG = LoggerFactory.getLogger(ProblemMappers.class);

  /// Before those of the problem extension, which know less.
  private static final int FIRST = 1;

  @ServerExceptionMapper(priority = FIRST)
  public Response refused(RefusedException e, UriInfo uri) {
    return problem(e.kind(), e.getMessage(), uri);
  }

  @ServerExceptionMapper(priority = FIRST)
  public Response invalid(InvalidSearchException e, UriInfo uri) {
    return problem(ProblemKind.INVALID_SEARCH, e.getMessage(), uri);
  }

  @ServerExceptionMapper(priority = FIRST)
  public Response job(JobException e, UriInfo uri) {
    ProblemKind kind =
        switch (e) {
          case JobException.Unknown _ -> ProblemKind.UNKNOWN_JOB;
          case JobException.NothingThere _ -> ProblemKind.NOTHING_THERE;
          case JobException.NotEnded _ -> ProblemKind.NOT_ENDED;
          case JobException.KeyReused _ -> ProblemKind.KEY_REUSED;
        };
    return problem(kind, e.getMessage(), uri);
  }

  @ServerExceptionMapper(
      value = {WebApplicationException.class, NotFoundException.class, ForbiddenException.class},
      priority = FIRST)
  public Response http(WebApplicationException e, UriInfo uri, ContainerRequestContext request) {
    String path = uri.getPath();
    return switch (e) {
      case NotFoundException _ ->
          problem(
              ProblemKind.UNKNOWN_ROUTE,
              "nothing is served at %s; GET /q/openapi lists what is".formatted(path),
              uri);
      case NotAllowedException _ ->
          problem(
              ProblemKind.METHOD_NOT_ALLOWED,
              "%s is not served at %s; GET /q/openapi lists the methods of every path"
                  .formatted(request.getMethod(), path),
              uri);
      case NotAcceptableException _ ->
          problem(
              ProblemKind.NOT_ACCEPTABLE,
              "%s is not served as '%s'; leave the header Accept out, or see GET /q/openapi"
                  .formatted(path, request.getHeaderString(HttpHeaders.ACCEPT)),
              uri);
      case NotSupportedException _ ->
          problem(
              ProblemKind.UNSUPPORTED_MEDIA_TYPE,
              "the body is said to be '%s', but %s takes application/json"
                  .formatted(request.getHeaderString(HttpHeaders.CONTENT_TYPE), path),
              uri);
      default ->
          e.getResponse().getStatus() < Response.Status.INTERNAL_SERVER_ERROR.getStatusCode()
              ? problem(ProblemKind.BAD_REQUEST, String.valueOf(e.getMessage()), uri)
              : other(e, uri);
    };
  }

  @ServerExceptionMapper(priority = FIRST)
  public Response artifact(ArtifactException e, UriInfo uri) {
    return e instanceof ArtifactException.Unreachable
        ? problem(ProblemKind.UNAVAILABLE, String.valueOf(e.getMessage()), uri)
        : other(e, uri);
  }

  @ServerExceptionMapper(priority = FIRST)
  public Response other(Exception e, UriInfo uri) {
    if (databaseAway(e)) {
      LOG.warn("the database could not be asked", e);
      return problem(
          ProblemKind.UNAVAILABLE, "the database cannot be reached; try again in a while", uri);
    }
    UUID incident = UUID.randomUUID();
    LOG.error("a request to {} failed (incident {})", uri.getPath(), incident, e);
    return problem(
        ProblemKind.INTERNAL,
        "the request could not be answered; the gateway's log has the cause as incident %s"
            .formatted(incident),
        uri);
  }

  /// Connections that cannot be had, or break: SQLSTATE classes 08, 53 and 57, or none at all.
  private static boolean databaseAway(Exception e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException sql) {
        String state = sql.getSQLState();
        return state == null
            || state.startsWith("08")
            || state.startsWith("53")
            || state.startsWith("57");
      }
    }
    return false;
  }

  private static Response problem(ProblemKind kind, String detail, UriInfo uri) {
    return kind.problem(detail, uri.getPath()).toResponse();
  }
}
