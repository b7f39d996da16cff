package io.espalier.flow;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.espalier.beam.Attempt;
import io.espalier.beam.Candidate;
import io.espalier.beam.Criterion;
import io.espalier.beam.Decision;
import io.espalier.beam.Lineage;
import io.espalier.beam.Rendition;
import io.espalier.beam.Scoring;
import io.espalier.beam.Timing;
import io.espalier.contracts.BundleName;
import io.espalier.contracts.JobSpec;
import io.espalier.contracts.ResultDocument;
import io.espalier.contracts.TreeDocument;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/// A search's outcome as the documents that it leaves behind.
public final class Documents {

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .defaultPropertyInclusion(
              JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
          .build();

  private Documents() {}

  /// A document to read.
  public static String json(Object document) {
    return write(JSON.writerWithDefaultPrettyPrinter(), document);
  }

  /// A document on one line.
  public static String jsonLine(Object document) {
    return write(JSON.writer(), document);
  }

  private static String write(ObjectWriter writer, Object document) {
    try {
      return writer.writeValueAsString(document) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a document of plain records can always be written", e);
    }
  }

  /// What is told of a job.
  public static ResultDocument result(
      String jobId, JobSpec spec, Decision decision, Timing timing) {
    return new ResultDocument(
        jobId,
        status(decision),
        decision.reason(),
        spec.prompt(),
        spec.settings(),
        bundle(spec),
        decision.answer().map(Documents::answer).orElse(null),
        decision
            .first()
            .map(first -> new ResultDocument.First(first.score(), new TreeMap<>(first.scores())))
            .orElse(null),
        new ResultDocument.Ledger(
            decision.cost().nfe(),
            decision.cost().tokenForwards(),
            decision.cost().images(),
            millis(timing.generatorNanos()),
            millis(timing.verifierNanos()),
            millis(timing.modelNanos()),
            millis(timing.wallNanos())),
        List.copyOf(decision.warnings()));
  }

  /// The whole search.
  public static TreeDocument tree(JobSpec spec, Decision decision) {
    List<Criterion> criteria = SearchSpecs.of(spec).criteria();
    return new TreeDocument(
        TreeDocument.SCHEMA,
        spec.prompt(),
        spec.settings(),
        bundle(spec),
        spec.generator().scales(),
        status(decision),
        decision.reason(),
        decision.answer().map(answer -> answer.lineage().toString()).orElse(null),
        new TreeDocument.Cost(decision.cost().nfe(), decision.cost().tokenForwards()),
        decision.tree().stream().map(candidate -> node(candidate, criteria)).toList());
  }

  private static BundleName bundle(JobSpec spec) {
    JobSpec.GeneratorRef generator = spec.generator();
    return new BundleName(generator.name(), generator.version(), generator.digest());
  }

  private static TreeDocument.Node node(Candidate candidate, List<Criterion> criteria) {
    Optional<Rendition> rendition = candidate.result().map(Attempt::rendition);
    Optional<Candidate.Fate> fate = candidate.fate();
    return new TreeDocument.Node(
        candidate.lineage().toString(),
        candidate.lineage().scale(),
        candidate.depth(),
        rendition.map(Rendition::bits).orElse(null),
        rendition.map(Rendition::image).orElse(null),
        new TreeMap<>(candidate.result().map(Attempt::scores).orElse(Map.of())),
        candidate
            .result()
            .map(attempt -> Criterion.weighted(criteria, attempt.scores()))
            .orElse(null),
        fate.map(Candidate.Fate::rank).orElse(null),
        fate.map(Candidate.Fate::value).filter(Double::isFinite).orElse(null),
        fate.filter(Candidate.Fate::kept).map(Candidate.Fate::offspring).orElse(null),
        fateName(candidate),
        String.join("; ", new TreeMap<>(candidate.failures()).values()),
        new TreeDocument.Cost(candidate.cost().nfe(), candidate.cost().tokenForwards()));
  }

  private static String fateName(Candidate candidate) {
    if (!candidate.settled()) {
      return "awaited";
    }
    if (candidate.result().isEmpty()) {
      return "unscorable";
    }
    boolean drawnOn = candidate.lineage().carried() && candidate.cost().nfe() > 0;
    return candidate
        .fate()
        .map(fate -> fate.kept() ? "kept" : "pruned")
        .orElse(drawnOn ? "completed" : "scored");
  }

  private static ResultDocument.Answer answer(Scoring answer) {
    return new ResultDocument.Answer(
        answer.lineage().toString(),
        answer.lineage().scale(),
        lineage(answer.lineage()),
        answer.score(),
        new TreeMap<>(answer.scores()));
  }

  private static List<Object> lineage(Lineage lineage) {
    List<Object> steps = new ArrayList<>();
    for (int scale = 1; scale <= lineage.scale(); scale++) {
      Lineage node = lineage.ancestor(scale);
      steps.add(node.carried() ? "carry" : (Object) node.branch());
    }
    return steps;
  }

  private static String status(Decision decision) {
    return decision.ending().name().toLowerCase(Locale.ROOT);
  }

  private static long millis(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(nanos);
  }
}
