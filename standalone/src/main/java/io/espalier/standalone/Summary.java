package io.espalier.standalone;

import io.espalier.contracts.ResultDocument;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What the command line says of a result.
final class Summary {

  private static final double SECOND = 1000;

  private Summary() {}

  /// The answer beside the first image, the ledger and the folder.
  static String of(ResultDocument result, Path folder) {
    StringBuilder text = new StringBuilder(of(result));
    line(text, "wrote      %s", folder);
    return text.toString();
  }

  /// The answer beside the first image, and the ledger.
  static String of(ResultDocument result) {
    StringBuilder text = new StringBuilder();
    ResultDocument.Answer answer = result.answer();
    ResultDocument.First first = result.first();
    if (answer == null) {
      line(text, "no answer  %s: %s", result.status(), result.reason());
    } else {
      line(
          text,
          "answer     %7.3f   %s   (candidate %s of scale %d)",
          answer.score(),
          scores(answer.scores()),
          answer.candidate(),
          answer.scale());
    }
    if (first != null) {
      line(text, "first      %7.3f   %s", first.score(), scores(first.scores()));
    }
    if (answer != null && !result.reason().isEmpty()) {
      line(text, "ended      %s: %s", result.status(), result.reason());
    }
    ResultDocument.Ledger ledger = result.ledger();
    line(
        text,
        "cost       %,d NFE, %,d images, %,d token-forwards",
        ledger.nfe(),
        ledger.images(),
        ledger.tokenForwards());
    line(
        text,
        "time       generator %.1f s, verifiers %.1f s, wall %.1f s",
        ledger.generatorMillis() / SECOND,
        ledger.verifierMillis() / SECOND,
        ledger.wallMillis() / SECOND);
    result.warnings().forEach(warning -> line(text, "warning    %s", warning));
    return text.toString();
  }

  /// One line, for one of several results.
  static String line(ResultDocument result, Path folder) {
    StringBuilder text = new StringBuilder();
    ResultDocument.Answer answer = result.answer();
    ResultDocument.First first = result.first();
    line(
        text,
        "%s  answer %s  first %s  %s",
        folder.getFileName(),
        score(answer == null ? null : answer.score()),
        score(first == null ? null : first.score()),
        result.prompt());
    return text.toString();
  }

  private static String score(@Nullable Double score) {
    return score == null ? "      –" : String.format(Locale.ROOT, "%7.3f", score);
  }

  private static String scores(Map<String, Double> scores) {
    return scores.entrySet().stream()
        .map(entry -> String.format(Locale.ROOT, "%s %.3f", entry.getKey(), entry.getValue()))
        .collect(Collectors.joining("   "));
  }

  @SuppressWarnings("AnnotateFormatMethod")
  private static void line(StringBuilder text, String format, @Nullable Object... values) {
    text.append(String.format(Locale.ROOT, format, values)).append('\n');
  }
}
