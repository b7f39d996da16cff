package io.espalier.standalone;

import io.espalier.beam.Report;
import io.espalier.beam.Scoring;
import java.io.Console;
import java.io.PrintStream;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/// Shows a running search on standard error: a bar on a terminal, a line per scale elsewhere.
final class Progress implements Consumer<Report>, AutoCloseable {

  private final Optional<ProgressBar> bar;
  private final PrintStream lines;
  private final int scales;
  private int scale = 1;

  private Progress(Optional<ProgressBar> bar, PrintStream lines, int scales) {
    this.bar = bar;
    this.lines = lines;
    this.scales = scales;
  }

  static Progress of(int scales) {
    if (Optional.ofNullable(System.console()).filter(Console::isTerminal).isEmpty()) {
      return new Progress(Optional.empty(), System.err, scales);
    }
    ProgressBar bar = builder().setUnit(" candidates", 1).hideEta().build();
    return new Progress(Optional.of(bar), System.err, scales);
  }

  /// A bar that counts searches.
  static ProgressBar counting(int searches) {
    return builder().setUnit(" searches", 1).setInitialMax(searches).build();
  }

  private static ProgressBarBuilder builder() {
    return new ProgressBarBuilder()
        .setTaskName("searching")
        .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BLOCK)
        .setUpdateIntervalMillis(100);
  }

  @Override
  public void accept(Report report) {
    switch (report) {
      case Report.Started(_, var planned) -> bar.ifPresent(b -> b.maxHint(planned.images()));
      case Report.Scored scored -> {
        bar.ifPresent(ProgressBar::step);
        show(scored.best());
      }
      case Report.Pruned pruned -> {
        if (bar.isEmpty()) {
          lines.printf(
              Locale.ROOT,
              "scale %d of %d: %d candidates, %d kept, best %s%n",
              pruned.scale(),
              scales,
              pruned.candidates(),
              pruned.kept().size(),
              best(pruned.best()));
        }
        scale = pruned.scale() + 1;
        show(pruned.best());
      }
    }
  }

  private void show(Optional<Scoring> best) {
    bar.ifPresent(
        b ->
            b.setExtraMessage(
                " scale %d of %d, best %s".formatted(Math.min(scale, scales), scales, best(best))));
  }

  private static String best(Optional<Scoring> best) {
    return best.map(scoring -> String.format(Locale.ROOT, "%.2f", scoring.score())).orElse("–");
  }

  @Override
  public void close() {
    bar.ifPresent(ProgressBar::close);
  }
}
