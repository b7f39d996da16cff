package io.espalier.gateway.http;

import io.espalier.gateway.jobs.JobException;
import io.espalier.gateway.store.Cursor;
import io.espalier.gateway.store.JobStatus;
import java.util.Arrays;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What comes in the path, the query and the headers, read so that a wrong value is named.
final class Parameters {

  private static final int DEFAULT_LIMIT = 20;
  private static final int LARGEST_LIMIT = 100;
  private static final int LONGEST_KEY = 200;

  private Parameters() {}

  /// A text that is no id is that of no job.
  static UUID job(String text) {
    try {
      return UUID.fromString(text);
    } catch (IllegalArgumentException _) {
      throw new JobException.Unknown(text);
    }
  }

  static int limit(@Nullable String text) {
    long limit = text == null ? DEFAULT_LIMIT : number(text, () -> limitIs(text));
    if (limit < 1 || limit > LARGEST_LIMIT) {
      throw bad(limitIs(String.valueOf(text)));
    }
    return (int) limit;
  }

  private static String limitIs(String text) {
    return "limit is '%s', but must be a whole number from 1 to %d".formatted(text, LARGEST_LIMIT);
  }

  static @Nullable Cursor cursor(@Nullable String text) {
    return text == null
        ? null
        : Cursor.parse(text)
            .orElseThrow(
                () ->
                    bad(
                        "cursor is '%s', which no list of jobs gave out; take 'next' of the last one"
                            .formatted(text)));
  }

  static @Nullable JobStatus status(@Nullable String text) {
    return text == null
        ? null
        : JobStatus.parse(text)
            .orElseThrow(
                () ->
                    bad(
                        "status is '%s', but can be %s"
                            .formatted(
                                text,
                                Arrays.stream(JobStatus.values())
                                    .map(JobStatus::word)
                                    .collect(Collectors.joining(", ")))));
  }

  /// The number of the last event that a client has; −1 for none.
  static long lastEvent(@Nullable String text) {
    if (text == null) {
      return -1;
    }
    String message =
        "Last-Event-ID is '%s', but must be the id of an event of this job, a whole number from 0"
            .formatted(text);
    long last = number(text, () -> message);
    if (last < 0) {
      throw bad(message);
    }
    return last;
  }

  static @Nullable String key(@Nullable String text) {
    if (text != null && (text.isBlank() || text.length() > LONGEST_KEY)) {
      throw bad(
          "Idempotency-Key has %d characters, but must have from 1 to %d; a UUID does well"
              .formatted(text.strip().length(), LONGEST_KEY));
    }
    return text;
  }

  private static long number(String text, Supplier<String> otherwise) {
    try {
      return Long.parseLong(text.strip());
    } catch (NumberFormatException _) {
      throw bad(otherwise.get());
    }
  }

  private static RefusedException bad(String message) {
    return new RefusedException(ProblemKind.BAD_PARAMETER, message);
  }
}
