package io.espalier.gateway.http;

import io.espalier.contracts.JobRequest;
import io.espalier.contracts.TreeDocument;
import io.espalier.gateway.GatewayConfig;
import io.espalier.gateway.jobs.Jobs;
import io.espalier.gateway.jobs.Pictures;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.UUID;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/// Jobs over HTTP. Everything here may wait for the database or the store, so every request has a
/// virtual thread.
@Path("/v1/jobs")
@Produces(MediaType.APPLICATION_JSON)
@RunOnVirtualThread
@Tag(name = "Jobs")
public class JobsResource {

  private static final String PNG = "image/png";

  private final Jobs jobs;
  private final Pictures pictures;
  private final EventStream events;
  private final GatewayConfig config;

  JobsResource(Jobs jobs, Pictures pictures, EventStream events, GatewayConfig config) {
    this.jobs = jobs;
    this.pictures = pictures;
    this.events = events;
    this.config = config;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @Operation(operationId = "submitJob", summary = "Asks for an image; answers before it is drawn")
  @RequestBody(
      required = true,
      content = @Content(schema = @Schema(implementation = JobRequest.class)))
  @APIResponse(
      responseCode = "202",
      description = "Queued; Location is the job's address",
      content = @Content(schema = @Schema(implementation = JobDocument.class)))
  @APIResponse(
      responseCode = "200",
      description = "The job that the same request with the same Idempotency-Key has made",
      content = @Content(schema = @Schema(implementation = JobDocument.class)))
  @APIResponse(responseCode = "400", description = "The body is no request")
  @APIResponse(responseCode = "413", description = "The body is too large")
  @APIResponse(responseCode = "415", description = "The body is said to be something else")
  @APIResponse(responseCode = "422", description = "The search cannot be run, or the key is used")
  public RestResponse<JobDocument> submit(
      @Parameter(description = "The client's own name for this request; makes it safe to repeat")
          @HeaderParam("Idempotency-Key")
          @Nullable String key,
      InputStream body)
      throws IOException {
    JobRequest request = JobRequests.read(body, config.largestBody());
    Jobs.Submission submission = jobs.submit(request, Parameters.key(key));
    return RestResponse.ResponseBuilder.<JobDocument>create(
            submission.repeated() ? RestResponse.Status.OK : RestResponse.Status.ACCEPTED)
        .location(URI.create("/v1/jobs/" + submission.job().id()))
        .entity(JobDocument.of(submission.job()))
        .build();
  }

  @GET
  @Operation(operationId = "listJobs", summary = "Lists jobs, the newest first")
  @APIResponse(
      responseCode = "200",
      description = "Some jobs; next leads to more",
      content = @Content(schema = @Schema(implementation = JobsDocument.class)))
  @APIResponse(responseCode = "400", description = "A parameter makes no sense")
  public JobsDocument list(
      @Parameter(description = "Goes on where the list with this 'next' ended")
          @QueryParam("cursor")
          @Nullable String cursor,
      @Parameter(
              description = "At most this many, from 1 to 100",
              schema = @Schema(type = SchemaType.INTEGER, defaultValue = "20"))
          @QueryParam("limit")
          @Nullable String limit,
      @Parameter(description = "Only jobs that stand there") @QueryParam("status")
          @Nullable String status) {
    return JobsDocument.of(
        jobs.list(Parameters.status(status), Parameters.cursor(cursor), Parameters.limit(limit)));
  }

  @GET
  @Path("/{id}")
  @Operation(operationId = "getJob", summary = "Tells where a job stands and what came of it")
  @APIResponse(
      responseCode = "200",
      description = "The job",
      content = @Content(schema = @Schema(implementation = JobDocument.class)))
  @APIResponse(responseCode = "404", description = "There is no such job")
  public JobDocument get(@PathParam("id") String id) {
    return JobDocument.of(jobs.get(Parameters.job(id)));
  }

  @POST
  @Path("/{id}/cancel")
  @Operation(operationId = "cancelJob", summary = "Ends a job early, with the best image so far")
  @APIResponse(
      responseCode = "202",
      description = "Ended, asked to stop, or left as it is where it had ended",
      content = @Content(schema = @Schema(implementation = CancelDocument.class)))
  @APIResponse(responseCode = "404", description = "There is no such job")
  public RestResponse<CancelDocument> cancel(@PathParam("id") String id) {
    return RestResponse.status(
        RestResponse.Status.ACCEPTED, CancelDocument.of(jobs.cancel(Parameters.job(id))));
  }

  @DELETE
  @Path("/{id}")
  @Operation(operationId = "deleteJob", summary = "Removes an ended job with all that it left")
  @APIResponse(responseCode = "204", description = "It is gone")
  @APIResponse(responseCode = "404", description = "There is no such job")
  @APIResponse(responseCode = "409", description = "The job has not ended")
  public void delete(@PathParam("id") String id) {
    jobs.delete(Parameters.job(id));
  }

  @GET
  @Path("/{id}/events")
  @Produces(MediaType.SERVER_SENT_EVENTS)
  @Operation(
      operationId = "watchJob",
      summary = "Streams what a search tells, from its first event until its end")
  @APIResponse(
      responseCode = "200",
      description = "Server-sent events, numbered from 0; ended or rejected is the last",
      content =
          @Content(
              mediaType = MediaType.SERVER_SENT_EVENTS,
              schema = @Schema(type = SchemaType.STRING)))
  @APIResponse(responseCode = "204", description = "There is nothing after Last-Event-ID")
  @APIResponse(responseCode = "400", description = "Last-Event-ID is no number")
  @APIResponse(responseCode = "404", description = "There is no such job")
  public Response events(
      @PathParam("id") String id,
      @Parameter(description = "Goes on after this event") @HeaderParam("Last-Event-ID")
          @Nullable String lastEventId,
      @Context HttpServerRequest connection) {
    UUID job = jobs.get(Parameters.job(id)).id();
    return events.of(job, Parameters.lastEvent(lastEventId), connection.response()::closed);
  }

  @GET
  @Path("/{id}/image")
  @Produces(PNG)
  @Operation(operationId = "getImage", summary = "The image that a job answers with")
  @APIResponse(
      responseCode = "200",
      description = "The image, which never changes",
      content =
          @Content(mediaType = PNG, schema = @Schema(type = SchemaType.STRING, format = "binary")))
  @APIResponse(responseCode = "304", description = "The client has it already")
  @APIResponse(responseCode = "404", description = "There is no such job, or no image of it yet")
  public Response image(@PathParam("id") String id, @Context Request request) {
    return Unchanging.of(pictures.answer(Parameters.job(id)), request);
  }

  @GET
  @Path("/{id}/tree")
  @Operation(operationId = "getTree", summary = "The whole search tree, replayable")
  @APIResponse(
      responseCode = "200",
      description = "The tree, which never changes",
      content = @Content(schema = @Schema(implementation = TreeDocument.class)))
  @APIResponse(responseCode = "304", description = "The client has it already")
  @APIResponse(responseCode = "404", description = "There is no such job, or no tree of it yet")
  public Response tree(@PathParam("id") String id, @Context Request request) {
    return Unchanging.of(pictures.tree(Parameters.job(id)), request);
  }

  @GET
  @Path("/{id}/candidates/{lineage}/image")
  @Produces(PNG)
  @Operation(operationId = "getCandidateImage", summary = "The image of a scored candidate")
  @APIResponse(
      responseCode = "200",
      description = "The image, which never changes",
      content =
          @Content(mediaType = PNG, schema = @Schema(type = SchemaType.STRING, format = "binary")))
  @APIResponse(responseCode = "304", description = "The client has it already")
  @APIResponse(responseCode = "404", description = "There is no such job, candidate or image")
  @APIResponse(responseCode = "422", description = "The lineage is none")
  public Response candidateImage(
      @PathParam("id") String id,
      @Parameter(description = "Branch numbers from the root", example = "3.0.carry")
          @PathParam("lineage")
          String lineage,
      @Context Request request) {
    return Unchanging.of(pictures.candidate(Parameters.job(id), lineage), request);
  }
}
