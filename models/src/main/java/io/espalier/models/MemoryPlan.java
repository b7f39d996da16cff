package io.espalier.models;

import io.espalier.models.ModelException.BadBundle;
import java.util.ArrayList;
import java.util.List;

/// How much one call may hold, by what a bundle says that its calls take and by what there is.
/// Whatever is more is split into several calls, which give the same.
///
/// @param sequences of one call of the generator's main graph
/// @param pictures of one call of the decoder
record MemoryPlan(int sequences, int pictures) {

  /// The share of a call's memory that decoding may take, beyond its first picture.
  private static final int DECODERS_PART = 4;

  /// What a core's caches still hold of a small generator: a sequence costs a tenth less than in
  /// calls of fifty.
  private static final int SEQUENCES_ON_CPU = 16;

  /// A bundle that does not say what it takes is not bounded.
  static final MemoryPlan UNBOUNDED = new MemoryPlan(Integer.MAX_VALUE, Integer.MAX_VALUE);

  /// Plans for the bundle before it is loaded.
  ///
  /// @throws BadBundle where there is not enough memory for a single sequence
  static MemoryPlan of(Bundle bundle, Hardware hardware) {
    Manifest.Memory needs = bundle.manifest().memory();
    if (needs == null) {
      return UNBOUNDED;
    }
    long budget = hardware.budget();
    long weights = hardware.weights(bundle.bytes());
    long call = (budget - weights) / hardware.calls();
    int pictures = times(Math.max(0, call) / DECODERS_PART, needs.picture());
    long rest = call - Math.multiplyExact(pictures, needs.picture());
    if (rest < needs.sequence()) {
      throw new BadBundle(
          ("%s does not fit on %s: its weights take up to %s, and each of %d calls side by side"
                  + " %s for a sequence and %s for a picture, of %s in all; let fewer calls run"
                  + " side by side, give it more memory or take a bundle of smaller pictures")
              .formatted(
                  bundle.manifest().name(),
                  hardware.device(),
                  gibibytes(weights),
                  hardware.calls(),
                  gibibytes(needs.sequence()),
                  gibibytes(needs.picture()),
                  gibibytes(budget)));
    }
    int most = hardware.cuda().isPresent() ? Integer.MAX_VALUE : SEQUENCES_ON_CPU;
    return new MemoryPlan(Math.min(most, times(rest, needs.sequence())), pictures);
  }

  private static int times(long memory, long each) {
    return Math.clamp(memory / each, 1, Integer.MAX_VALUE);
  }

  private static String gibibytes(long bytes) {
    return "%.2f GiB".formatted(bytes / (double) (1L << 30));
  }

  /// Cuts a list into as few parts of at most so many as there can be, all of nearly one length.
  static <T> List<List<T>> split(List<T> all, int most) {
    int parts = Math.ceilDiv(all.size(), most);
    List<List<T>> split = new ArrayList<>();
    for (int part = 0; part < parts; part++) {
      split.add(all.subList(start(all.size(), part, parts), start(all.size(), part + 1, parts)));
    }
    return split;
  }

  private static int start(int size, int part, int parts) {
    return Math.toIntExact((long) size * part / parts);
  }
}
