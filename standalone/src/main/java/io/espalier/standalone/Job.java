package io.espalier.standalone;

import io.espalier.beam.InvalidSearchException;
import io.espalier.contracts.JobRequest;
import io.espalier.models.ModelException.BadPrompt;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.Function;

/// One search that the command line was asked for.
///
/// @param from where the prompt was read, for messages
record Job(JobRequest request, String from, ResultFolder folder) {

  /// A job for each line of a file, with folders `0001`, `0002` and so on; empty lines are passed
  /// over.
  static List<Job> ofLines(Path file, Path parent, Function<String, JobRequest> requests) {
    List<String> lines = lines(file);
    List<Job> jobs = new ArrayList<>();
    for (int line = 0; line < lines.size(); line++) {
      String prompt = lines.get(line).strip();
      if (!prompt.isEmpty()) {
        Path folder = parent.resolve(String.format(Locale.ROOT, "%04d", jobs.size() + 1));
        String from = "%s, line %d: ".formatted(file, line + 1);
        jobs.add(new Job(requests.apply(prompt), from, ResultFolder.at(folder)));
      }
    }
    if (jobs.isEmpty()) {
      throw new CommandException("%s holds no prompt; write one on each line".formatted(file));
    }
    return jobs;
  }

  /// Refuses what cannot be searched, before any search runs.
  void check(Consumer<JobRequest> rules) {
    try {
      rules.accept(request);
    } catch (BadPrompt | InvalidSearchException e) {
      throw new CommandException(from + e.getMessage(), e);
    }
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new CommandException(
          "--prompts %s cannot be read: %s".formatted(file, ResultFolder.reason(e)), e);
    }
  }
}
