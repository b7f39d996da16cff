package io.espalier.standalone;

import io.espalier.models.Bundle;
import io.espalier.models.Bundles;
import io.espalier.models.Manifest;
import io.espalier.models.ModelException.BadBundle;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Help.ColorScheme;
import picocli.CommandLine.Help.Column;
import picocli.CommandLine.Help.Column.Overflow;
import picocli.CommandLine.Help.TextTable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `espalier bundles`: what is installed.
@Command(
    name = "bundles",
    description = "Lists the installed bundles: kind, size, licence and what they were trained on.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class BundlesCommand implements Callable<Integer> {

  private static final double MEGA = 1e6;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Bundles bundles = Home.bundles();
    PrintWriter out = spec.commandLine().getOut();
    if (bundles.folders().isEmpty()) {
      out.println("no bundles are installed; zoo/README.md says how to train or export some");
      return 0;
    }
    TextTable table =
        TextTable.forColumns(
            new ColorScheme.Builder(Ansi.OFF).build(),
            new Column(24, 0, Overflow.SPAN),
            new Column(22, 0, Overflow.SPAN),
            new Column(10, 0, Overflow.SPAN),
            new Column(14, 0, Overflow.SPAN),
            new Column(90, 0, Overflow.WRAP));
    table.addRowValues("NAME", "KIND", "SIZE", "LICENCE", "TRAINED ON");
    int broken = 0;
    for (Path folder : bundles.folders()) {
      try {
        Bundle bundle = Bundle.open(folder);
        Manifest manifest = bundle.manifest();
        table.addRowValues(
            manifest.name() + " " + manifest.version(),
            manifest.simulated() ? manifest.kind() + ", simulated" : manifest.kind(),
            "%.1f MB".formatted(bundle.bytes() / MEGA),
            manifest.licence(),
            manifest.trainedOn());
      } catch (BadBundle e) {
        broken++;
        table.addRowValues(folder.getFileName().toString(), "broken", "", "", e.getMessage());
      }
    }
    out.print(table);
    out.flush();
    return broken == 0 ? 0 : 1;
  }
}
