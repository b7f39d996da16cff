package io.espalier.gateway.http;

import io.espalier.gateway.catalog.LiveCatalog;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/// What jobs can be asked for.
@Path("/v1/bundles")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "Bundles")
public class BundlesResource {

  private final LiveCatalog catalog;

  BundlesResource(LiveCatalog catalog) {
    this.catalog = catalog;
  }

  @GET
  @Operation(operationId = "listBundles", summary = "Lists the generators and verifiers served")
  @APIResponse(
      responseCode = "200",
      description = "What live fleets serve at the moment",
      content = @Content(schema = @Schema(implementation = BundlesDocument.class)))
  public BundlesDocument list() {
    return new BundlesDocument(catalog.served());
  }
}
