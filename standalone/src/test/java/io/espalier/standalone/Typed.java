package io.espalier.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine;

/// What somebody types, run in this process.
record Typed(int status, String out, String err) {

  /// What a search writes that must be the same whoever runs it.
  static final List<String> SAME = List.of("result.png", "sheet.png", "tree.json");

  static Typed espalier(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine command =
        Espalier.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err, true));
    int status = command.execute(arguments);
    return new Typed(status, out.toString(), err.toString());
  }

  /// Fails where the command did.
  Typed ok() {
    assertThat(status).as(out + err).isZero();
    return this;
  }

  static void assertSameBytes(Path actual, Path expected) {
    for (String file : SAME) {
      assertThat(actual.resolve(file)).as(file).hasBinaryContent(bytes(expected.resolve(file)));
    }
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
