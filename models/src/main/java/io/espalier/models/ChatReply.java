package io.espalier.models;

import java.util.Locale;

/// What a chat endpoint answered, whatever it is.
///
/// @param status HTTP's
record ChatReply(int status, String body) {

  private static final int MULTIPLE_CHOICES = 300;
  private static final int BAD_REQUEST = 400;
  private static final int TOO_MANY_REQUESTS = 429;
  private static final int SERVER_ERROR = 500;

  boolean isAnswer() {
    return status < MULTIPLE_CHOICES;
  }

  boolean isRedirect() {
    return status >= MULTIPLE_CHOICES && status < BAD_REQUEST;
  }

  /// Whether the same request may be answered later.
  boolean isPassing() {
    return status == TOO_MANY_REQUESTS || status >= SERVER_ERROR;
  }

  /// Whether the request is refused because it asks for log-probabilities.
  boolean refusesLogprobs() {
    return status >= BAD_REQUEST && body.toLowerCase(Locale.ROOT).contains("logprobs");
  }
}
