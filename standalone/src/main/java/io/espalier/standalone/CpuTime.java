package io.espalier.standalone;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.Stream;

/// How long processes have computed, all cores together.
final class CpuTime {

  private static final double NANOS = 1e9;
  private static final double TICKS = 100;

  /// Of proc(5)'s fields, counted behind the name: the time in user and in kernel mode of the
  /// process, and then of its children that have ended.
  private static final int FIRST = 11;

  private static final int FIELDS = 4;

  private CpuTime() {}

  /// Seconds of this process alone.
  static double own() {
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getProcessCpuTime() / NANOS;
  }

  /// Seconds of a process and of all that it started. On Linux.
  static double of(ProcessHandle process) {
    return Stream.concat(Stream.of(process), process.descendants())
            .mapToLong(each -> ticks(each.pid()))
            .sum()
        / TICKS;
  }

  private static long ticks(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      String[] behindTheName = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      return Stream.of(behindTheName).skip(FIRST).limit(FIELDS).mapToLong(Long::parseLong).sum();
    } catch (NoSuchFileException _) {
      return 0; // it has just ended, and counts with its parent
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
