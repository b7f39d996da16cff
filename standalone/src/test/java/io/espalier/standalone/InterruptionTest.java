package io.espalier.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Ctrl-C, on a process of its own.
class InterruptionTest {

  private static final int KILLED_BY_SIGINT = 130;

  @TempDir private Path temporary;

  @Test
  void ctrlCInTheMiddleLeavesNothingAndSaysSo() throws Exception {
    Path folder = temporary.resolve("out");
    Process process =
        start("a star", "--width", "6", "--branches", "8", "--out", folder.toString());
    List<String> lines = new ArrayList<>();
    try (BufferedReader errors = process.errorReader()) {
      lines.add(errors.readLine());
      interrupt(process);
      errors.lines().forEach(lines::add);
    }
    assertThat(lines.getFirst()).startsWith("scale 1 of 7");
    assertThat(lines).contains("espalier: interrupted; nothing was written");
    assertThat(lines).noneMatch(line -> line.contains("Exception"));
    assertThat(process.waitFor()).isEqualTo(KILLED_BY_SIGINT);
    assertThat(folder).doesNotExist();
    assertThat(temporary).isEmptyDirectory();
  }

  private static Process start(String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dio.espalier.home=" + System.getProperty("io.espalier.home"),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                Espalier.class.getName(),
                "search"));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
  }

  private static void interrupt(Process process) throws Exception {
    int status = new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
    assertThat(status).isZero();
  }
}
