package io.espalier.models;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The answer to a question that wants a yes or a no: the first choice of an OpenAI-compatible
/// chat completion.
final class ChatCompletion {

  /// Whatever is no letter may stand around the word. `Ġ`, a letter, is the space before a word
  /// as byte-level tokenizers write it; the others' `▁` is none.
  private static final Pattern YES_OR_NO =
      Pattern.compile("Ġ?\\P{L}*(?:(yes)|no)(?!\\p{L})", Pattern.CASE_INSENSITIVE);

  private final JsonNode choice;

  private ChatCompletion(JsonNode choice) {
    this.choice = choice;
  }

  /// Reads a body; empty where it is no JSON or has no choice.
  static Optional<ChatCompletion> read(String body) {
    try {
      JsonNode choice = Manifest.JSON.readTree(body).path("choices").path(0);
      return choice.path("message").isObject()
          ? Optional.of(new ChatCompletion(choice))
          : Optional.empty();
    } catch (JsonProcessingException _) {
      return Optional.empty();
    }
  }

  /// Whether it has log-probabilities of the first token's alternatives.
  boolean hasLogprobs() {
    return !alternatives().isEmpty();
  }

  /// P(yes) among yes and no, each in every casing; empty where the first token can be neither.
  OptionalDouble probabilityOfYes() {
    double yes = 0;
    double no = 0;
    for (JsonNode alternative : alternatives()) {
      Optional<Boolean> means = yesOrNo(alternative.path("token").asText());
      if (means.isEmpty() || !alternative.path("logprob").isNumber()) {
        continue;
      }
      double probability = Math.exp(Math.min(0, alternative.path("logprob").doubleValue()));
      if (means.get()) {
        yes += probability;
      } else {
        no += probability;
      }
    }
    return yes + no > 0 ? OptionalDouble.of(yes / (yes + no)) : OptionalDouble.empty();
  }

  /// Whether the text begins with yes, or with no; empty where with neither.
  Optional<Boolean> saysYes() {
    return yesOrNo(choice.path("message").path("content").asText());
  }

  private JsonNode alternatives() {
    return choice.path("logprobs").path("content").path(0).path("top_logprobs");
  }

  private static Optional<Boolean> yesOrNo(String text) {
    Matcher matcher = YES_OR_NO.matcher(text);
    return matcher.lookingAt() ? Optional.of(matcher.group(1) != null) : Optional.empty();
  }
}
