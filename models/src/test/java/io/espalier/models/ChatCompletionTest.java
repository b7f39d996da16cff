package io.espalier.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Yes and no as servers and tokenizers write them.
class ChatCompletionTest {

  private static final Offset<Double> EXACTLY = within(1e-12);

  private static OptionalDouble probabilityOfYes(Map<String, Double> alternatives) {
    ObjectNode choice = Manifest.JSON.createObjectNode();
    choice.putObject("message").put("content", "Yes");
    ArrayNode top =
        choice.putObject("logprobs").putArray("content").addObject().putArray("top_logprobs");
    alternatives.forEach(
        (token, probability) ->
            top.addObject().put("token", token).put("logprob", Math.log(probability)));
    return ChatCompletion.read(body(choice)).orElseThrow().probabilityOfYes();
  }

  private static Optional<Boolean> saysYes(String text) {
    ObjectNode choice = Manifest.JSON.createObjectNode();
    choice.putObject("message").put("content", text);
    return ChatCompletion.read(body(choice)).orElseThrow().saysYes();
  }

  private static String body(ObjectNode choice) {
    ObjectNode body = Manifest.JSON.createObjectNode();
    body.putArray("choices").add(choice);
    return body.toString();
  }

  @Test
  void everyCasingAndEverySpaceBeforeItCounts() {
    assertThat(
            probabilityOfYes(
                Map.of(
                    "Yes", 0.2, "yes", 0.1, "YES", 0.05, " Yes", 0.05, "▁yes", 0.02, "ĠYes", 0.03,
                    "No", 0.05, " no", 0.04, "NO", 0.01)))
        .hasValueCloseTo(0.45 / 0.55, EXACTLY);
  }

  @Test
  void otherTokensCountForNothing() {
    assertThat(
            probabilityOfYes(
                Map.of("Yes", 0.03, "No", 0.01, "The", 0.9, "Not", 0.04, "yesterday", 0.02)))
        .hasValueCloseTo(0.75, EXACTLY);
  }

  @Test
  void whereOnlyOneIsAmongTheAlternativesItIsCertain() {
    assertThat(probabilityOfYes(Map.of("Yes", 0.9, "Sure", 0.1))).hasValue(1);
    assertThat(probabilityOfYes(Map.of("no", 0.9, "Sure", 0.1))).hasValue(0);
  }

  @Test
  void whereNeitherIsThereIsNoProbability() {
    assertThat(probabilityOfYes(Map.of("Maybe", 0.9, "", 0.1))).isEmpty();
  }

  @Test
  void probabilitiesThatCannotBeGiveNoScoreThatCannotBe() {
    assertThat(probabilityOfYes(Map.of("Yes", 1e300, "No", 1e300))).hasValue(0.5);
    assertThat(probabilityOfYes(Map.of("Yes", 0.0, "No", 0.5))).hasValue(0);
    assertThat(probabilityOfYes(Map.of("Yes", 0.0, "No", 0.0))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Yes", "yes.", " YES, it does", "**Yes**", "\n\"yes\"", "Yes!"})
  void aTextThatBeginsWithYesSaysYes(String text) {
    assertThat(saysYes(text)).hasValue(true);
  }

  @ParameterizedTest
  @ValueSource(strings = {"No", "no: the star is blue", "NO", "  No."})
  void aTextThatBeginsWithNoSaysNo(String text) {
    assertThat(saysYes(text)).hasValue(false);
  }

  @ParameterizedTest
  @ValueSource(strings = {"maybe", "", "Not quite", "Nothing", "It does. Yes", "yesterday", "…"})
  void anyOtherTextSaysNeither(String text) {
    assertThat(saysYes(text)).isEmpty();
  }
}
