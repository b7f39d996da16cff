package io.espalier.gateway.http;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.quarkus.smallrye.openapi.OpenApiFilter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.media.Content;
import org.eclipse.microprofile.openapi.models.media.MediaType;
import org.jspecify.annotations.Nullable;

/// Gives every operation of the OpenAPI document its examples: files beside this class, such as
/// `submitJob.request.json` or `getJob.200.json`. A problem that looks the same everywhere is
/// `problem.404.json`, an answer that is no JSON ends in `.txt`.
@OpenApiFilter(stages = OpenApiFilter.RunStage.RUNTIME_STARTUP)
public class Examples implements OASFilter {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  @Override
  public Operation filterOperation(Operation operation) {
    String id = operation.getOperationId();
    if (operation.getRequestBody() != null) {
      add(operation.getRequestBody().getContent(), id + ".request");
    }
    operation
        .getResponses()
        .getAPIResponses()
        .forEach(
            (code, response) -> {
              add(response.getContent(), "problem." + code);
              add(response.getContent(), id + "." + code);
            });
    return operation;
  }

  private static void add(@Nullable Content content, String name) {
    Object example = example(name);
    if (content != null && example != null) {
      for (MediaType mediaType : content.getMediaTypes().values()) {
        mediaType.setExample(example);
      }
    }
  }

  private static @Nullable Object example(String name) {
    try (InputStream json = file(name + ".json");
        InputStream text = file(name + ".txt")) {
      if (json != null) {
        return JSON.readValue(json, Object.class);
      }
      return text == null ? null : new String(text.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("the example " + name + " cannot be read", e);
    }
  }

  private static @Nullable InputStream file(String name) {
    return Examples.class.getResourceAsStream("examples/" + name);
  }
}
