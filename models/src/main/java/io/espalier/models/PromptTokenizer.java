package io.espalier.models;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import io.espalier.models.ModelException.BadBundle;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// A bundle's text tokenizer. Safe for any number of threads.
final class PromptTokenizer implements AutoCloseable {

  /// A prompt in tokens.
  ///
  /// @param unknown the words that the tokenizer does not know
  @SuppressWarnings("ArrayRecordComponent")
  record Tokens(long[] ids, Set<String> unknown) {}

  private static final String UNKNOWN = "<unk>";

  private final HuggingFaceTokenizer tokenizer;

  PromptTokenizer(Path file) {
    try {
      tokenizer =
          HuggingFaceTokenizer.newInstance(file, Map.of("truncation", "false", "padding", "false"));
    } catch (IOException | RuntimeException e) {
      throw new BadBundle("%s cannot be read: %s".formatted(file, e.getMessage()), e);
    }
  }

  Tokens encode(String prompt) {
    Encoding encoding = tokenizer.encode(prompt);
    String[] tokens = encoding.getTokens();
    CharSpan[] spans = encoding.getCharTokenSpans();
    Set<String> unknown = new TreeSet<>();
    for (int i = 0; i < tokens.length; i++) {
      if (tokens[i].equals(UNKNOWN) && spans[i] != null) {
        unknown.add(wordAround(prompt, spans[i].getStart()));
      }
    }
    return new Tokens(Arrays.copyOf(encoding.getIds(), tokens.length), unknown);
  }

  private static String wordAround(String prompt, int at) {
    int start = at;
    while (start > 0 && Character.isLetterOrDigit(prompt.charAt(start - 1))) {
      start--;
    }
    int end = at;
    while (end < prompt.length() && Character.isLetterOrDigit(prompt.charAt(end))) {
      end++;
    }
    return start == end ? prompt.substring(at, at + 1) : prompt.substring(start, end);
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
