package io.espalier.gateway.http;

import io.espalier.gateway.events.EventFeed;
import io.espalier.gateway.events.Follower;
import io.espalier.gateway.store.StoredEvent;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A job's events as server-sent events: their number as id, their type as name, their record as
/// data. They are written on the request's own virtual thread until the job has told everything
/// or one of both ends goes; a watcher that reads slowly is waited for.
@Singleton
final class EventStream {

  private static final Logger LOG = LoggerFactory.getLogger(EventStream.class);

  private final EventFeed feed;

  EventStream(EventFeed feed) {
    this.feed = feed;
  }

  /// The answer to a watcher.
  ///
  /// @param after the number of the last event that it has; −1 for none
  /// @param gone whether its connection is closed: writing to one that is does not fail
  Response of(UUID job, long after, BooleanSupplier gone) {
    if (after >= 0 && feed.exhausted(job, after)) {
      // A browser that gets this stops coming back.
      return Response.noContent().build();
    }
    StreamingOutput body = output -> stream(job, after, gone, output);
    return Response.ok(body)
        .header(HttpHeaders.CACHE_CONTROL, "no-store")
        .header("X-Accel-Buffering", "no")
        .build();
  }

  private void stream(UUID job, long after, BooleanSupplier gone, OutputStream output) {
    try (Follower follower = feed.follow(job, after)) {
      // The watcher sees at once that it is heard.
      write(output, ": job " + job + "\n\n");
      while (!follower.over() && !gone.getAsBoolean()) {
        List<StoredEvent> events = follower.next();
        if (!events.isEmpty()) {
          write(output, events.stream().map(EventStream::text).collect(Collectors.joining()));
        } else if (!follower.over()) {
          write(output, ": nothing new\n\n");
        }
      }
    } catch (IOException e) {
      LOG.debug("a watcher of job {} went", job, e);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /// The record is one line: Postgres writes it without breaks.
  private static String text(StoredEvent event) {
    return "id: %d\nevent: %s\ndata: %s\n\n"
        .formatted(event.sequence(), event.type(), event.body());
  }

  private static void write(OutputStream output, String text) throws IOException {
    output.write(text.getBytes(StandardCharsets.UTF_8));
    output.flush();
  }
}
