package io.espalier.search.pruning;

import io.espalier.beam.Cost;
import io.espalier.beam.Lineage;
import io.espalier.beam.Rendition;
import io.espalier.beam.Report;
import io.espalier.beam.Scoring;
import io.espalier.contracts.Drawn;
import io.espalier.contracts.JobEvent;
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
              best(scored.candidate()),
              scored.candidate().depth() == scales,
              scored.awaited(),
              cost(scored.spent()),
              scored.best().map(Told::best).orElse(null));
      case Report.Pruned pruned ->
          new JobEvent.Pruned(
              jobId,
              pruned.sequence(),
              at,
              pruned.scale(),
              pruned.kept().stream().map(Lineage::toString).toList(),
              pruned.candidates(),
              pruned.best().map(Told::best).orElse(null));
    };
  }

  static Optional<Drawn> drawn(Optional<Scoring> scoring) {
    return scoring.map(Scoring::rendition).map(Told::drawn);
  }

  static Drawn drawn(Rendition rendition) {
    return new Drawn(rendition.bits(), rendition.image());
  }

  private static JobEvent.Best best(Scoring scoring) {
    return new JobEvent.Best(
        scoring.lineage().toString(),
        scoring.lineage().scale(),
        scoring.score(),
        new TreeMap<>(scoring.scores()),
        drawn(scoring.rendition()));
  }

  private static JobEvent.Planned cost(Cost cost) {
    return new JobEvent.Planned(cost.nfe(), cost.tokenForwards(), cost.images());
  }
}
