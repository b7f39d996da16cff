package io.espalier.gateway.http;

import io.espalier.gateway.jobs.StoredBytes;
import jakarta.ws.rs.core.EntityTag;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Request;
import jakarta.ws.rs.core.Response;

/// Answers with bytes that never change at their address, so that they are fetched once. Only the
/// client may keep them: a job can be deleted, and a proxy would not hear of it.
final class Unchanging {

  private static final String FOR_GOOD = "private, max-age=31536000, immutable";

  private Unchanging() {}

  static Response of(StoredBytes stored, Request request) {
    EntityTag tag = new EntityTag(stored.tag());
    Response.ResponseBuilder known = request.evaluatePreconditions(tag);
    return (known == null ? Response.ok(stored.bytes().get()) : known)
        .tag(tag)
        .header(HttpHeaders.CACHE_CONTROL, FOR_GOOD)
        .build();
  }
}
