package io.espalier.models;

import io.espalier.beam.Bits;
import io.espalier.beam.Drawing;
import io.espalier.beam.Lineage;
import io.espalier.beam.Schedule;
import io.espalier.beam.SearchSpec;
import io.espalier.beam.Slice;
import io.espalier.beam.Uniforms;
import io.espalier.models.ModelException.BadBundle;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/// A generator that is not there: its bundle says how long its calls take and what sizes its
/// outputs have. Bits are fair coins, one for each of the search's random numbers, so they are
/// continued, carried and shared between calls as those of a real generator are. Calls belong on
/// the model threads, each of which stands for a device.
public final class SimulatedGenerator implements LoadedGenerator {

  private static final float FAIR = 0.5f;

  private final String name;
  private final Manifest.GeneratorPart part;
  private final Manifest.SimulatedGeneratorPart times;
  private final Schedule schedule;
  private final SimulatedDecoder decoder;
  private final SimulatedDevice device;

  /// Loads nothing.
  ///
  /// @throws BadBundle where the bundle is no simulated generator
  public SimulatedGenerator(Bundle bundle) {
    this(bundle, new SimulatedDevice());
  }

  SimulatedGenerator(Bundle bundle, SimulatedDevice device) {
    name = bundle.manifest().name();
    part = bundle.generator();
    times = Bundle.required(part.simulated(), bundle.folder(), "generator.simulated");
    schedule = part.schedule();
    decoder = new SimulatedDecoder(schedule, part.image());
    this.device = device;
  }

  @Override
  public int bitsPerToken() {
    return part.bitsPerToken();
  }

  @Override
  public Set<String> check(String prompt) {
    PromptEncoder.checkCharacters(name, part.prompt(), prompt);
    return Set.of("drawn by a simulated generator, %s: the images show nothing".formatted(name));
  }

  @Override
  public Drawn draw(SearchSpec spec, Slice slice, Bits parent) {
    return drawTogether(List.of(new Wanted(spec, slice, parent))).getFirst();
  }

  /// What slices of one call have in common.
  private record Shape(int scale, int depth, int branches) {
    static Shape of(Slice slice) {
      return new Shape(slice.scale(), slice.depth(), slice.branches().size());
    }
  }

  @Override
  public Sharing sharing(Wanted wanted) {
    Shape shape = Shape.of(wanted.slice());
    return new Sharing(shape, Math.max(1, times.sequences() / shape.branches()));
  }

  @Override
  public List<Drawn> drawTogether(List<Wanted> slices) {
    if (slices.stream().map(each -> Shape.of(each.slice())).distinct().count() > 1) {
      throw new IllegalArgumentException("slices of different shapes cannot share a call");
    }
    List<Set<String>> warnings = slices.stream().map(each -> check(each.spec().prompt())).toList();
    List<List<Drawing>> drawings = new ArrayList<>();
    slices.forEach(_ -> drawings.add(new ArrayList<>()));
    Shape shape = Shape.of(slices.getFirst().slice());
    for (List<Integer> branches : calls(slices.size(), shape.branches())) {
      List<List<Drawing>> call =
          device.call(
              seconds(shape, slices.size(), branches.size()), () -> drawn(slices, branches));
      for (int i = 0; i < slices.size(); i++) {
        drawings.get(i).addAll(call.get(i));
      }
    }
    return IntStream.range(0, slices.size())
        .mapToObj(i -> new Drawn(drawings.get(i), warnings.get(i)))
        .toList();
  }

  /// How long a slice takes that shares its calls with no other, in seconds.
  public double seconds(Slice slice) {
    Shape shape = Shape.of(slice);
    return calls(1, shape.branches()).stream()
        .mapToDouble(branches -> seconds(shape, 1, branches.size()))
        .sum();
  }

  /// The branches that each call draws, of each of so many slices.
  private List<List<Integer>> calls(int slices, int branches) {
    return MemoryPlan.split(
        IntStream.range(0, branches).boxed().toList(), Math.max(1, times.sequences() / slices));
  }

  /// The time of one call. A prefix is computed once for all its branches.
  private double seconds(Shape shape, int prefixes, int branches) {
    int prefix = schedule.tokens(1, shape.scale() - 1);
    int drawn = schedule.tokens(shape.scale(), shape.depth());
    double tokens = (double) prefixes * (prefix + branches * drawn);
    return times.seconds(tokens / schedule.tokens(1, schedule.scales()), prefixes * branches);
  }

  /// Some branches of each slice.
  private List<List<Drawing>> drawn(List<Wanted> slices, List<Integer> branches) {
    return slices.stream()
        .map(
            wanted -> {
              List<Lineage> candidates = wanted.slice().candidates();
              return branches.stream().map(branch -> draw(wanted, candidates.get(branch))).toList();
            })
        .toList();
  }

  private Drawing draw(Wanted wanted, Lineage candidate) {
    int first = wanted.slice().scale();
    int last = wanted.slice().depth();
    int tokens = schedule.tokens(first, last);
    FloatBuffer uniforms = FloatBuffer.allocate(tokens * bitsPerToken());
    for (int scale = first; scale <= last; scale++) {
      int count = schedule.tokens(scale, scale) * bitsPerToken();
      Uniforms.fill(wanted.spec().seed(), candidate, scale, uniforms, count);
    }
    ByteBuffer coins = ByteBuffer.allocate(uniforms.capacity());
    for (float uniform : uniforms.array()) {
      coins.put((byte) (uniform < FAIR ? 1 : 0));
    }
    Bits prefix = wanted.parent().prefix(schedule.tokens(1, first - 1));
    Bits bits = prefix.followedBy(coins.flip(), tokens);
    return new Drawing(candidate, bits, decoder.decode(bits));
  }

  /// There is nothing to unload.
  @Override
  public void close() {}
}
