package io.espalier.gateway.store;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// Where a job stands: it is queued, then it may run, then it has ended in one of four ways.
public enum JobStatus {
  QUEUED,
  RUNNING,
  FOUND,
  CANCELLED,
  EXPIRED,
  FAILED;

  /// As the API, the database and the records of the flow write it.
  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// Reads what [#word()] wrote.
  public static Optional<JobStatus> parse(String word) {
    return Arrays.stream(values()).filter(status -> status.word().equals(word)).findFirst();
  }

  /// Whether nothing will change any more.
  public boolean ended() {
    return switch (this) {
      case QUEUED, RUNNING -> false;
      case FOUND, CANCELLED, EXPIRED, FAILED -> true;
    };
  }
}
