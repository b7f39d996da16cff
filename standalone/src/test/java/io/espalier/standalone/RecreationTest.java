package io.espalier.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import io.espalier.beam.Bits;
import io.espalier.beam.Drawing;
import io.espalier.beam.Lineage;
import io.espalier.beam.Replay;
import io.espalier.beam.SearchSpec;
import io.espalier.contracts.JobRequest;
import io.espalier.contracts.TreeDocument;
import io.espalier.flow.SearchSpecs;
import io.espalier.models.Hardware;
import io.espalier.models.OnnxGenerator;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.lifecycle.AfterContainer;
import picocli.CommandLine;

/// Every node of a finished tree, drawn again by another generator that knows seed and lineage.
class RecreationTest {

  private static final int THREADS = 2;

  private static final ExecutorService executor = Executors.newFixedThreadPool(THREADS);
  private static final InProcess searches =
      InProcess.prepare(Home.bundles(), request(), executor, Hardware.cpu(THREADS));
  private static final OnnxGenerator other =
      new OnnxGenerator(Home.bundles().open("shapes-infinity"), Hardware.cpu(THREADS));

  @AfterContainer
  static void close() {
    searches.close();
    other.close();
    executor.shutdown();
  }

  @Property(tries = 12)
  void anyNodeIsDrawnAgainFromSeedAndLineageAlone(
      @ForAll @LongRange(min = 0, max = 1_000_000) long seed,
      @ForAll @IntRange(min = 1, max = 2) int width,
      @ForAll @IntRange(min = 2, max = 3) int branches,
      @ForAll @IntRange(min = 3, max = 8) int depth,
      @ForAll boolean carry)
      throws InterruptedException {
    JobRequest request =
        request(
            "--seed=" + seed,
            "--width=" + width,
            "--branches=" + branches,
            "--depth=" + (depth == 8 ? "prefix" : depth),
            carry ? "--carry" : "--no-carry");
    TreeDocument tree = redrawn(request);
    assertThat(tree.nodes()).hasSizeGreaterThanOrEqualTo(7 * width * branches);
  }

  @Property(tries = 10)
  void anyNodeOfAnyStrategyIsDrawnAgain(
      @ForAll @LongRange(min = 0, max = 1_000_000) long seed,
      @ForAll("strategies") String strategy,
      @ForAll("depths") String depth,
      @ForAll boolean carry)
      throws InterruptedException {
    redrawn(
        request(
            "--seed=" + seed,
            "--strategy=" + strategy,
            "--depth=" + depth,
            carry ? "--carry" : "--no-carry"));
  }

  @Provide
  Arbitrary<String> strategies() {
    return Arbitraries.of(
        "random:images=4",
        "greedy:branches=3",
        "beam:width=4/2,branches=2,perParent=1",
        "smc:particles=4,lambda=1",
        "smc:particles=6/4/3,at=2/4",
        "threshold:draws=4,wave=2,width=2",
        "backtracking:width=2,branches=2,rounds=5");
  }

  @Provide
  Arbitrary<String> depths() {
    return Arbitraries.of("full", "3", "prefix", "2/4/full");
  }

  /// A search's tree, each node of which has been drawn again.
  private static TreeDocument redrawn(JobRequest request) throws InterruptedException {
    TreeDocument tree = searches.run(request, Watcher.NONE).tree();
    SearchSpec spec = SearchSpecs.of(searches.spec(request));
    Bits none = Bits.none(other.bitsPerToken());
    for (TreeDocument.Node node : tree.nodes()) {
      Drawing again = Replay.draw(spec, other, none, Lineage.parse(node.lineage()), node.depth());
      assertThat(again.rendition().bits()).as(node.lineage()).isEqualTo(node.bits());
      assertThat(again.rendition().image()).as(node.lineage()).isEqualTo(node.image());
    }
    return tree;
  }

  /// What the command line would ask for.
  private static JobRequest request(String... options) {
    SearchOptions parsed = CommandLine.populateCommand(new SearchOptions(), options);
    return parsed.request("a red circle left of a blue square", "shapes-infinity");
  }
}
