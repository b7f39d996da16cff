package io.espalier.standalone;

import java.io.Console;
import java.io.PrintWriter;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/// Shows a running search on standard error: a bar on a terminal, a line per scale elsewhere. For
/// the thread that runs the search.
final class Progress implements Watcher, AutoCloseable {

  private final Optional<ProgressBar> bar;
  private final PrintWriter err;
  private int scales;
  private int scale = 1;
  private double best = Double.NEGATIVE_INFINITY;
  private boolean full;
  private final Set<String> seen = new HashSet<>();

  private Progress(Optional<ProgressBar> bar, PrintWriter err) {
    this.bar = bar;
    this.err = err;
  }

  static Progress on(PrintWriter err) {
    return new Progress(bar(" candidates"), err);
  }

  /// A bar that counts searches; none where there is no terminal.
  static Optional<ProgressBar> counting(long searches) {
    return bar(" searches").map(bar -> bar.maxHint(searches));
  }

  private static Optional<ProgressBar> bar(String unit) {
    return Optional.ofNullable(System.console())
        .filter(Console::isTerminal)
        .map(
            _ ->
                new ProgressBarBuilder()
                    .setTaskName("searching")
                    .setUnit(unit, 1)
                    .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BLOCK)
                    .setUpdateIntervalMillis(100)
                    .hideEta()
                    .build());
  }

  @Override
  public void began(int allScales, long images) {
    scales = allScales;
    bar.ifPresent(b -> b.maxHint(images));
  }

  @Override
  public void scored(String candidate, double score, OptionalDouble bestSoFar) {
    // a score by some of the verifiers is no better for being higher than one by all of them
    full |= bestSoFar.isPresent();
    best = full ? bestSoFar.orElse(best) : Math.max(best, score);
    if (seen.add(candidate)) {
      bar.ifPresent(ProgressBar::step);
    }
    show();
  }

  @Override
  public void pruned(int prunedScale, int candidates, int kept) {
    if (bar.isEmpty()) {
      err.printf(
          Locale.ROOT,
          "scale %d of %d: %d candidates, %d kept, best score so far %.2f%n",
          prunedScale,
          scales,
          candidates,
          kept,
          best);
    }
    scale = prunedScale + 1;
    show();
  }

  private void show() {
    String message =
        String.format(
            Locale.ROOT, " scale %d of %d, best score %.2f", Math.min(scale, scales), scales, best);
    bar.ifPresent(b -> b.setExtraMessage(message));
  }

  @Override
  public void close() {
    bar.ifPresent(ProgressBar::close);
  }
}
