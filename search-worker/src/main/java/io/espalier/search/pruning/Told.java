package io.espalier.search.pruning;

import io.espalier.beam.Cost;
import io.espalier.beam.Lineage;
import io.espalier.beam.Report;
import io.espalier.beam.Scoring;
import io.espalier.contracts.Drawn;
import io.espalier.contracts.JobEvent;
import io.espalier.flow.Renditions;
import java.util.Optional;
import java.util.TreeMap;

/// What a search reports, as the events that watchers read.
final class Told {

  private Told() {}

  static JobEvent event(String jobId, int scales, long at, Report report) {
    return switch (report) {
      case Report.Started(long sequence, Cost planned) ->
          new JobEvent.Started(jobId, sequence, at, scales, cost(planned));
      case Report.Scored scored ->
          new JobEvent.Scored(
              jobId,
              scored.sequence(),
              at,
              scored.candidates().stream().map(each -> image(each, scales)).toList(),
              scored.awaited(),
              cost(scored.spent()),
              scored.best().map(best -> image(best, scales)).orElse(null));
      case Report.Pruned pruned ->
          new JobEvent.Pruned(
              jobId,
              pruned.sequence(),
              at,
              pruned.scale(),
              pruned.kept().stream().map(Lineage::toString).toList(),
              pruned.candidates(),
              pruned.best().map(best -> image(best, scales)).orElse(null));
    };
  }

  static Optional<Drawn> drawn(Optional<Scoring> scoring) {
    return scoring.map(Scoring::rendition).map(Renditions::drawn);
  }

  private static JobEvent.ScoredImage image(Scoring scoring, int scales) {
    return new JobEvent.ScoredImage(
        scoring.lineage().toString(),
        scoring.lineage().scale(),
        scoring.depth() == scales,
        scoring.score(),
        new TreeMap<>(scoring.scores()),
        Renditions.drawn(scoring.rendition()));
  }

  private static JobEvent.Planned cost(Cost cost) {
    return new JobEvent.Planned(cost.nfe(), cost.tokenForwards(), cost.images());
  }
}
