package io.espalier.gateway;

import io.espalier.contracts.BundleName;
import io.espalier.contracts.CatalogEntry;
import io.espalier.contracts.Drawn;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.ResultDocument;
import io.espalier.contracts.Settings;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/// What fleets tell, to be sent by a test in their place.
final class Told {

  static final String GENERATOR_DIGEST = "a".repeat(64);
  static final int SCALES = 7;

  private static final List<List<Integer>> GRIDS =
      List.of(
          List.of(1, 1),
          List.of(2, 2),
          List.of(3, 3),
          List.of(4, 4),
          List.of(5, 5),
          List.of(6, 6),
          List.of(8, 8));
  private static final JobEvent.Planned PLANNED = new JobEvent.Planned(357, 100_000, 87);

  private Told() {}

  static CatalogEntry generator(String name, String digest) {
    return new CatalogEntry(
        name,
        "generator",
        "1.0.0",
        digest,
        "Apache-2.0",
        "shapes",
        System.currentTimeMillis(),
        new CatalogEntry.GeneratorEntry(
            GRIDS, 32, List.of(128, 128), 400, each(3f), each(0.5f), each(1f), null, false),
        null);
  }

  static CatalogEntry verifier(String name) {
    return new CatalogEntry(
        name,
        "verifier",
        "1.0.0",
        "b".repeat(64),
        "Apache-2.0",
        "shapes",
        System.currentTimeMillis(),
        null,
        new CatalogEntry.VerifierEntry("fit", 0.2, 0.1, false));
  }

  static JobEvent started(String job, long sequence) {
    return new JobEvent.Started(job, sequence, System.currentTimeMillis(), SCALES, PLANNED);
  }

  static JobEvent scored(String job, long sequence, String lineage, Drawn drawn) {
    return scored(job, sequence, image(lineage, drawn));
  }

  static JobEvent scored(String job, long sequence, JobEvent.ScoredImage... candidates) {
    return new JobEvent.Scored(
        job, sequence, System.currentTimeMillis(), List.of(candidates), 3, PLANNED, candidates[0]);
  }

  static JobEvent.ScoredImage image(String lineage, Drawn drawn) {
    return new JobEvent.ScoredImage(
        lineage, lineage.split("\\.", -1).length, true, 1.5, Map.of("clip", 0.3), drawn);
  }

  static JobEvent scored(String job, long sequence) {
    return scored(
        job,
        sequence,
        Long.toString(sequence),
        new Drawn("c".repeat(64), "d".repeat(64), "e".repeat(64), 0));
  }

  static JobEvent rejected(String job, long sequence, String reason) {
    return new JobEvent.Rejected(job, sequence, System.currentTimeMillis(), reason);
  }

  static JobEvent ended(String job, long sequence, String status, String reason) {
    return new JobEvent.Ended(
        job,
        sequence,
        System.currentTimeMillis(),
        new ResultDocument(
            job,
            status,
            reason,
            "a red circle",
            new Settings(
                Map.of("type", "beam", "width", 3, "branches", 5),
                "full",
                true,
                "best-ever",
                Map.of("clip", 1.0),
                null,
                "weighted",
                each(3f),
                each(0.5f),
                each(1f),
                7,
                null,
                null,
                null,
                null,
                null),
            new BundleName("shapes-infinity", "1.0.0", GENERATOR_DIGEST),
            status.equals("found")
                ? new ResultDocument.Answer("0", 1, List.of(0), 1.5, Map.of("clip", 0.3))
                : null,
            null,
            new ResultDocument.Ledger(357, 100_000, 87, 10, 10, 15, 20),
            List.of()));
  }

  private static List<Float> each(float value) {
    return Collections.nCopies(SCALES, value);
  }
}
