package io.espalier.beam;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// A generator whose bits depend on its prefix and its uniforms, and verifiers that read images.
final class FakeModels {

  static final int BITS_PER_TOKEN = 5;
  static final Schedule SCHEDULE = schedule(1, 2, 3, 4);
  static final Schedule INFINITY = schedule(1, 2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 64);

  private FakeModels() {}

  static Schedule schedule(int... sides) {
    return new Schedule(Arrays.stream(sides).mapToObj(side -> new Grid(side, side)).toList());
  }

  static SpecBuilder spec() {
    return new SpecBuilder();
  }

  static class FakeGenerator implements Generator {
    final AtomicInteger scalesDrawn = new AtomicInteger();
    final AtomicInteger images = new AtomicInteger();

    @Override
    public int bitsPerToken() {
      return BITS_PER_TOKEN;
    }

    @Override
    public Drawn draw(SearchSpec spec, Slice slice, Bits parent) {
      Bits prefix = parent.prefix(spec.schedule().tokens(1, slice.scale() - 1));
      List<Drawing> drawings = new ArrayList<>();
      for (Lineage candidate : slice.candidates()) {
        Bits bits = prefix;
        for (int scale = slice.scale(); scale <= slice.depth(); scale++) {
          bits = drawScale(spec, candidate, scale, bits);
          scalesDrawn.incrementAndGet();
        }
        images.incrementAndGet();
        byte[] pixels = Arrays.copyOf(Digest.of(bits.packed()), 12);
        drawings.add(new Drawing(candidate, bits, new Image(2, 2, pixels)));
      }
      return new Drawn(drawings, Set.of());
    }

    private static Bits drawScale(SearchSpec spec, Lineage candidate, int scale, Bits before) {
      int tokens = spec.schedule().tokens(scale, scale);
      FloatBuffer uniforms = FloatBuffer.allocate(tokens * BITS_PER_TOKEN);
      Uniforms.fill(spec.seed(), candidate, scale, uniforms, uniforms.capacity());
      byte[] chances = Digest.of(before.packed());
      ByteBuffer bits = ByteBuffer.allocate(uniforms.capacity());
      for (int i = 0; i < bits.capacity(); i++) {
        float chance = (chances[i % chances.length] & 0xFF) / 255f;
        bits.put((byte) (uniforms.get(i) < chance ? 1 : 0));
      }
      return before.followedBy(bits.flip(), tokens);
    }
  }

  /// Scores an image by one of its bytes.
  record FakeVerifier(String name, int pixel) implements Verifier {
    @Override
    public Scores score(String prompt, List<Image> images) {
      return new Scores(
          images.stream().mapToDouble(image -> image.rgb()[pixel]).toArray(),
          images.stream().map(FakeVerifier::features).toList(),
          Set.of());
    }

    private static List<Float> features(Image image) {
      return List.of((float) image.rgb()[4], (float) image.rgb()[5]);
    }
  }

  static List<Verifier> verifiers(SearchSpec spec) {
    return IntStream.range(0, spec.criteria().size())
        .<Verifier>mapToObj(i -> new FakeVerifier(spec.criteria().get(i).verifier(), i))
        .toList();
  }

  static Search.Outcome run(SearchSpec spec) {
    return run(spec, new FakeGenerator(), verifiers(spec));
  }

  static Search.Outcome run(SearchSpec spec, Generator generator, List<Verifier> verifiers) {
    try {
      return Search.run(spec, generator, verifiers, Runnable::run, 1, Optional.empty(), _ -> {});
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  static String describe(Decision decision) {
    return decision.tree().stream().map(Candidate::toString).collect(Collectors.joining("\n"));
  }

  static final class SpecBuilder {
    private long seed = 1;
    private Schedule schedule = SCHEDULE;
    private Strategy strategy = new BeamSearch(3, 4);
    private RolloutDepth depth = new RolloutDepth.Full();
    private boolean carry = true;
    private AnswerRule answer = AnswerRule.BEST_EVER;
    private Combine combine = Combine.WEIGHTED;
    private List<Criterion> criteria =
        List.of(new Criterion("clip", 1, 10, 60), new Criterion("reward", 2, -5, 70));
    private OptionalLong maxNfe = OptionalLong.empty();
    private OptionalDouble target = OptionalDouble.empty();
    private Optional<Budget.Confidence> confidence = Optional.empty();
    private Optional<Base> base = Optional.empty();

    SpecBuilder seed(long value) {
      seed = value;
      return this;
    }

    SpecBuilder schedule(Schedule value) {
      schedule = value;
      return this;
    }

    SpecBuilder strategy(Strategy value) {
      strategy = value;
      return this;
    }

    SpecBuilder depth(RolloutDepth value) {
      depth = value;
      return this;
    }

    SpecBuilder carry(boolean value) {
      carry = value;
      return this;
    }

    SpecBuilder answer(AnswerRule value) {
      answer = value;
      return this;
    }

    SpecBuilder combine(Combine value) {
      combine = value;
      return this;
    }

    SpecBuilder criteria(Criterion... values) {
      criteria = List.of(values);
      return this;
    }

    SpecBuilder maxNfe(long value) {
      maxNfe = OptionalLong.of(value);
      return this;
    }

    SpecBuilder target(double value) {
      target = OptionalDouble.of(value);
      return this;
    }

    SpecBuilder confidence(Budget.Confidence value) {
      confidence = Optional.of(value);
      return this;
    }

    SpecBuilder base(Base value) {
      base = Optional.of(value);
      return this;
    }

    SearchSpec build() {
      List<Float> ones = java.util.Collections.nCopies(schedule.scales(), 1f);
      return new SearchSpec(
          "a star",
          seed,
          schedule,
          strategy,
          depth,
          carry,
          answer,
          combine,
          criteria,
          new Budget(maxNfe, target, confidence),
          new Sampling(ones, ones, ones),
          base);
    }
  }
}
