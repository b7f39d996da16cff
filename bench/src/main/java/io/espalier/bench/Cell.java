package io.espalier.bench;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.espalier.beam.Strategy;
import io.espalier.contracts.JobRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// One way to search, which the experiment tries on many prompts.
///
/// @param name unique in the experiment, and a file's name
/// @param part of the experiment, see `docs/experiment.md`
/// @param request what is asked for, but for the prompt and the seed
public record Cell(String name, int part, JobRequest request) {

  /// The bundle that all parts but the fourth draw with.
  public static final String GENERATOR = "shapes-infinity";

  /// The parts that are run on the whole suite and with every seed.
  private static final List<Integer> WHOLE = List.of(1, 4);

  /// What is searched by where a cell names no strategy.
  private static final Map<String, Object> DEFAULT = Map.of(Strategy.TYPE, "beam");

  /// All ways, in the order in which they are tried: `cells.json`.
  public static List<Cell> all() {
    try (InputStream file = Objects.requireNonNull(Cell.class.getResourceAsStream("cells.json"))) {
      return read(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<Cell> read(InputStream file) throws IOException {
    JsonMapper json =
        JsonMapper.builder().enable(DeserializationFeature.ACCEPT_SINGLE_VALUE_AS_ARRAY).build();
    return List.of(json.readValue(file, Cell[].class));
  }

  /// How it searches, with every default filled in.
  Strategy strategy() {
    return Strategy.of(Objects.requireNonNullElse(request.strategy(), DEFAULT));
  }

  /// Whether another cell asks for the same search; what one finds, the other would too.
  boolean searchesAs(Cell other) {
    return request.equals(other.request);
  }

  /// Whether it is tried on all prompts and seeds, not only on some.
  boolean whole() {
    return WHOLE.contains(part);
  }

  /// What is asked for.
  public JobRequest request(String prompt, long seed) {
    return new JobRequest(
        prompt,
        request.bundle(),
        request.verifiers(),
        request.tiers(),
        request.strategy(),
        request.depth(),
        request.carry(),
        request.answer(),
        request.combine(),
        request.paper(),
        request.guidance(),
        request.temperature(),
        request.topP(),
        seed,
        request.maxNfe(),
        request.targetScore(),
        request.confidence(),
        request.calibration(),
        request.deadlineSeconds(),
        request.priority(),
        request.base());
  }
}
