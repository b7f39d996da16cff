package io.espalier.flow;

import io.espalier.beam.BeamSearch;
import io.espalier.contracts.BundleName;
import io.espalier.contracts.CandidatesRecord;
import io.espalier.contracts.CatalogEntry;
import io.espalier.contracts.DecisionRecord;
import io.espalier.contracts.Drawn;
import io.espalier.contracts.FrontierSlice;
import io.espalier.contracts.JobEvent;
import io.espalier.contracts.JobRecord;
import io.espalier.contracts.JobSpec;
import io.espalier.contracts.ResultDocument;
import io.espalier.contracts.ScoresRecord;
import io.espalier.contracts.Settings;
import io.espalier.contracts.TreeDocument;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/// One record of every kind, all fields filled, by the name of its golden file.
final class SampleRecords {

  static final String JOB = "5f0c9c1e-6b6f-4f0e-9d38-0d6d3c1f7a11";

  private static final Drawn DRAWN =
      new Drawn("b1".repeat(32), "c2".repeat(32), "f5".repeat(32), 1);
  private static final List<List<Integer>> SCALES = List.of(List.of(1, 1), List.of(2, 2));
  private static final Map<String, Double> SCORES =
      new TreeMap<>(Map.of("clip", 0.75, "image-reward", -1.5));
  private static final Settings SETTINGS =
      new Settings(
          new BeamSearch(3, 5).plain(),
          "full",
          true,
          "best-ever",
          new TreeMap<>(Map.of("clip", 1.0, "image-reward", 0.5)),
          Map.of("image-reward", List.of(5)),
          "weighted",
          List.of(3f, 3f),
          List.of(0.5f, 0.5f),
          List.of(1f, 1f),
          42,
          1_000L,
          2.5,
          0.9,
          List.of(List.of(-1.0, 0.25), List.of(2.0, 0.95)),
          60_000L);
  private static final JobSpec.VerifierRef CLIP =
      new JobSpec.VerifierRef("clip", "d3".repeat(32), 1, 0.5, 0.25, List.of(5));
  private static final JobSpec SPEC =
      new JobSpec(
          "a red star",
          new JobSpec.GeneratorRef("shapes-infinity", "1.0.0", "a0".repeat(32), SCALES, 32),
          List.of(CLIP),
          SETTINGS,
          new JobSpec.BaseRef("3", DRAWN));
  private static final List<ScoresRecord.Span> SPANS =
      List.of(new ScoresRecord.Span("generator", 1_000, 1_250, 83.5));
  private static final List<String> WARNINGS = List.of("clip does not know the word 'zebra'");
  private static final BundleName BUNDLE =
      new BundleName("shapes-infinity", "1.0.0", "a0".repeat(32));
  private static final JobEvent.Planned PLANNED = new JobEvent.Planned(24, 480, 30);
  private static final JobEvent.ScoredImage BEST =
      new JobEvent.ScoredImage("3.carry", 2, true, 1.25, SCORES, DRAWN);
  private static final ResultDocument RESULT =
      new ResultDocument(
          JOB,
          "found",
          "",
          "a red star",
          SETTINGS,
          BUNDLE,
          new ResultDocument.Answer("3.carry", 2, List.of(3, "carry"), 1.25, SCORES),
          new ResultDocument.First(-0.5, SCORES),
          new ResultDocument.Ledger(24, 480, 30, 900, 120, 950, 1_020),
          WARNINGS);
  private static final TreeDocument TREE =
      new TreeDocument(
          TreeDocument.SCHEMA,
          "a red star",
          SETTINGS,
          BUNDLE,
          SCALES,
          "found",
          "",
          "3.carry",
          new TreeDocument.Cost(24, 480),
          List.of(
              new TreeDocument.Node(
                  "3",
                  1,
                  2,
                  DRAWN.bits(),
                  DRAWN.image(),
                  SCORES,
                  1.25,
                  1,
                  1.25,
                  5,
                  "kept",
                  "",
                  new TreeDocument.Cost(2, 10))));

  private SampleRecords() {}

  static Object named(String name) {
    return Objects.requireNonNull(all().get(name));
  }

  static Map<String, Object> all() {
    Map<String, Object> records = new LinkedHashMap<>();
    records.put("job-submitted", new JobRecord.Submitted(JOB, "default", 7, 1_000, 61_000L, SPEC));
    records.put("job-cancelled", new JobRecord.Cancelled(JOB));
    records.put(
        "frontier-slice",
        new FrontierSlice(
            JOB,
            SPEC,
            "3",
            DRAWN,
            2,
            2,
            List.of("0", "1", "carry"),
            List.of("clip", "image-reward")));
    records.put(
        "candidates",
        new CandidatesRecord(
            JOB,
            List.of(new CandidatesRecord.Candidate("3.1", DRAWN)),
            "a red star",
            CLIP,
            true,
            WARNINGS,
            SPANS));
    records.put(
        "scores",
        new ScoresRecord(
            JOB,
            "clip",
            List.of(new ScoresRecord.Score("3.1", DRAWN, 0.75, List.of(0.5f, -0.25f))),
            List.of(
                new ScoresRecord.Failure("3.2", DRAWN, "no such image"),
                new ScoresRecord.Failure("3.4", null, "no such bits")),
            WARNINGS,
            SPANS));
    records.put("decision", new DecisionRecord(JOB, 12, 1_000, DRAWN, TREE, RESULT));
    records.put("event-started", new JobEvent.Started(JOB, 0, 1_001, 2, PLANNED));
    records.put(
        "event-scored", new JobEvent.Scored(JOB, 1, 1_002, List.of(BEST), 4, PLANNED, BEST));
    records.put("event-pruned", new JobEvent.Pruned(JOB, 2, 1_003, 1, List.of("3", "0"), 15, BEST));
    records.put("event-rejected", new JobEvent.Rejected(JOB, 0, 1_001, "nobody serves it"));
    records.put("event-ended", new JobEvent.Ended(JOB, 3, 1_004, RESULT));
    records.put(
        "catalog-generator",
        new CatalogEntry(
            "shapes-infinity",
            "generator",
            "1.0.0",
            "a0".repeat(32),
            "Apache-2.0",
            "drawn shapes",
            1_000,
            new CatalogEntry.GeneratorEntry(
                SCALES,
                32,
                List.of(128, 128),
                400,
                List.of(3f, 3f),
                List.of(0.5f, 0.5f),
                List.of(1f, 1f),
                new CatalogEntry.CalibrationEntry(
                    Map.of("clip", 1.0), List.of(List.of(-1.0, 0.25), List.of(2.0, 0.95))),
                false),
            null));
    records.put(
        "catalog-verifier",
        new CatalogEntry(
            "clip",
            "verifier",
            "1.0.0",
            "d3".repeat(32),
            "Apache-2.0",
            "drawn shapes",
            1_000,
            null,
            new CatalogEntry.VerifierEntry("cosine", 0.5, 0.25, false)));
    return records;
  }
}
