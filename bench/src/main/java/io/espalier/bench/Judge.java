package io.espalier.bench;

import io.espalier.beam.Image;
import io.espalier.beam.Png;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// Says whether pictures show what a prompt asks for: `zoo/zoo verdicts`, a process beside this
/// one. It measures only. For one thread at a time.
public final class Judge implements AutoCloseable, Experiment.Verdicts {

  private final Process process;
  private final Writer questions;
  private final BufferedReader answers;

  private Judge(Process process) {
    this.process = process;
    this.questions = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8);
    this.answers =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /// Starts it; its Python environment is made where it is not there yet.
  ///
  /// @param zoo the checkout's folder of that name
  /// @throws BenchException where it is not there
  public static Judge start(Path zoo) {
    Path program = zoo.resolve("zoo");
    if (!Files.isExecutable(program)) {
      throw new BenchException(
          "the judge, %s, is not there; the experiment runs in a checkout".formatted(program));
    }
    try {
      return new Judge(
          new ProcessBuilder(program.toString(), "verdicts")
              .redirectError(Redirect.INHERIT)
              .start());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// One verdict for each picture.
  @Override
  public List<Boolean> verdicts(String prompt, List<Image> pictures) {
    CompletableFuture<Void> asked = CompletableFuture.runAsync(() -> ask(prompt, pictures));
    List<Boolean> verdicts = new ArrayList<>();
    try {
      while (verdicts.size() < pictures.size()) {
        String line = answers.readLine();
        if (line == null) {
          throw new BenchException("the judge ended; it said why above");
        }
        verdicts.add(line.equals("right"));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    asked.join();
    return verdicts;
  }

  private void ask(String prompt, List<Image> pictures) {
    try {
      for (Image picture : pictures) {
        questions.write(prompt);
        questions.write('\t');
        questions.write(Base64.getEncoder().encodeToString(Png.encode(picture)));
        questions.write('\n');
      }
      questions.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    process.destroy();
  }
}
