package io.espalier.bench;

import io.espalier.beam.Image;
import io.espalier.contracts.JobRequest;
import io.espalier.contracts.ResultDocument;
import io.espalier.contracts.TreeDocument;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/// Runs what an experiment still lacks. Runs are made one after the other, so that the time of
/// each is what somebody would have waited.
public final class Experiment {

  /// How much of a suite is searched.
  ///
  /// @param suite the prompts
  /// @param parts of the experiment
  /// @param prompts at most, of the whole suite
  /// @param seeds how many, from 0 on, for the parts that take several
  /// @param some prompts for the parts that take some
  public record Extent(Suite suite, Set<Integer> parts, int prompts, int seeds, int some) {}

  /// What a search left.
  ///
  /// @param images gives an image by its digest
  public record Found(
      ResultDocument result, TreeDocument tree, Function<String, Optional<Image>> images) {}

  /// Searches.
  @FunctionalInterface
  public interface Searcher {
    Found search(JobRequest request) throws InterruptedException;
  }

  /// Says of each picture whether it shows what a prompt asks for.
  @FunctionalInterface
  public interface Verdicts {
    List<Boolean> verdicts(String prompt, List<Image> pictures);
  }

  private record Task(Cell cell, Asked asked, long seed) {

    boolean isOf(Run run) {
      return run.seed() == seed && run.prompt().equals(asked.prompt());
    }
  }

  private final Extent extent;
  private final Runs runs;

  public Experiment(Extent extent, Runs runs) {
    this.extent = extent;
    this.runs = runs;
  }

  /// The cells of the extent's parts.
  public List<Cell> cells() {
    return Cell.all().stream().filter(cell -> extent.parts().contains(cell.part())).toList();
  }

  /// How many runs there are in all, done or not.
  public long planned() {
    return cells().stream().mapToLong(cell -> tasks(cell).size()).sum();
  }

  /// Makes the runs that are not there yet. What another cell has searched for in the same way is
  /// taken over.
  ///
  /// @param progress is told of each run, done before or now
  public void run(Searcher searcher, Verdicts judge, Runnable progress)
      throws InterruptedException {
    for (Cell cell : cells()) {
      List<Run> done = runs.of(cell);
      List<Run> same = searchedAs(cell);
      for (Task task : tasks(cell)) {
        if (done.stream().noneMatch(task::isOf)) {
          Optional<Run> known = same.stream().filter(task::isOf).findFirst();
          runs.add(known.isPresent() ? known.get().as(cell) : run(task, searcher, judge));
        }
        progress.run();
      }
    }
  }

  private List<Run> searchedAs(Cell cell) {
    return Cell.all().stream()
        .filter(other -> other.searchesAs(cell) && !other.equals(cell))
        .flatMap(other -> runs.of(other).stream())
        .toList();
  }

  private List<Task> tasks(Cell cell) {
    List<Task> tasks = new ArrayList<>();
    int seeds = cell.whole() ? extent.seeds() : 1;
    List<Asked> prompts = extent.suite().some(cell.whole() ? extent.prompts() : extent.some());
    for (int seed = 0; seed < seeds; seed++) {
      for (Asked asked : prompts) {
        tasks.add(new Task(cell, asked, seed));
      }
    }
    return tasks;
  }

  private static Run run(Task task, Searcher searcher, Verdicts judge) throws InterruptedException {
    Asked asked = task.asked();
    Found found = searcher.search(task.cell().request(asked.prompt(), task.seed()));
    TreeDocument tree = found.tree();
    List<TreeDocument.Node> pictured =
        tree.nodes().stream().filter(node -> node.image() != null && node.score() != null).toList();
    List<Image> pictures =
        pictured.stream()
            .map(node -> found.images().apply(Objects.requireNonNull(node.image())).orElseThrow())
            .toList();
    List<Boolean> verdicts = judge.verdicts(asked.prompt(), pictures);
    List<Run.Pictured> images = new ArrayList<>();
    for (int i = 0; i < pictured.size(); i++) {
      TreeDocument.Node node = pictured.get(i);
      images.add(
          new Run.Pictured(
              node.lineage(),
              node.scale(),
              node.depth() == tree.scales().size(),
              node.scores(),
              Objects.requireNonNull(node.score()),
              verdicts.get(i),
              node.cost().nfe(),
              node.cost().tokenForwards()));
    }
    return new Run(
        task.cell().name(),
        asked.task(),
        asked.prompt(),
        asked.heldOut(),
        task.seed(),
        tree.answer(),
        found.result().ledger(),
        images);
  }
}
