package io.espalier.flow.slice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.espalier.beam.Bits;
import io.espalier.beam.Drawing;
import io.espalier.beam.Image;
import io.espalier.beam.Lineage;
import io.espalier.contracts.Drawn;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SliceObjectTest {

  private static final String KEY = "candidates/job/name.slice";
  private static final int HEADER = 20;

  /// Slices of 1 to 4 candidates, of which each has an image of its own size.
  @Provide
  Arbitrary<List<Drawing>> slices() {
    return Combinators.combine(
            Arbitraries.integers().between(1, 4),
            Arbitraries.integers().between(0, 9),
            Arbitraries.integers().between(0, 33),
            Arbitraries.longs())
        .as(SliceObjectTest::slice);
  }

  private static List<Drawing> slice(int candidates, int tokens, int perToken, long seed) {
    Random random = new Random(seed);
    List<Drawing> slice = new ArrayList<>();
    for (int branch = 0; branch < candidates; branch++) {
      ByteBuffer bits = ByteBuffer.allocate(tokens * perToken);
      while (bits.hasRemaining()) {
        bits.put((byte) random.nextInt(2));
      }
      int width = 1 + random.nextInt(9);
      int height = 1 + random.nextInt(9);
      byte[] rgb = new byte[3 * width * height];
      random.nextBytes(rgb);
      slice.add(
          new Drawing(
              Lineage.root().child(branch),
              Bits.none(perToken).followedBy(bits.flip(), tokens),
              new Image(width, height, rgb)));
    }
    return slice;
  }

  private static Drawn drawn(List<Drawing> slice, int index) {
    Drawing drawing = slice.get(index);
    return new Drawn(drawing.bits().digest(), drawing.image().digest(), "name", index);
  }

  @Property
  void aSliceIsReadAsItWasWritten(@ForAll("slices") List<Drawing> slice) {
    SliceObject read = new SliceObject(KEY, SliceObject.of(slice));

    for (int index = 0; index < slice.size(); index++) {
      Drawing drawing = slice.get(index);
      assertThat(read.bits(drawn(slice, index))).isEqualTo(drawing.bits());
      Image image = read.image(drawn(slice, index));
      assertThat(image.rgb()).isEqualTo(drawing.image().rgb());
      assertThat(read.images()).containsKey(drawing.image().digest());
    }
  }

  @Property
  void theBeginningHoldsTheBits(
      @ForAll("slices") List<Drawing> slice, @ForAll @IntRange(max = 100) int spare) {
    byte[] whole = SliceObject.of(slice);
    int longest = slice.getFirst().bits().packed().length + spare;

    for (int index = 0; index < slice.size(); index++) {
      byte[] beginning =
          Arrays.copyOf(whole, Math.min(whole.length, SliceObject.beginning(index, longest)));
      assertThat(new SliceObject(KEY, beginning).bits(drawn(slice, index)))
          .isEqualTo(slice.get(index).bits());
    }
  }

  @Property(tries = 100)
  void noDamageMakesAnotherSliceThanTheOneThatWasDrawn(
      @ForAll("slices") List<Drawing> slice,
      @ForAll @IntRange(min = 1, max = 255) int change,
      @ForAll long seed) {
    byte[] damaged = SliceObject.of(slice);
    damaged[new Random(seed).nextInt(damaged.length)] ^= (byte) change;

    assertReadAsDrawnOrNotAtAll(slice, damaged);
  }

  @Property(tries = 100)
  void noLengthMakesAnotherSliceThanTheOneThatWasDrawn(
      @ForAll("slices") List<Drawing> slice, @ForAll long seed) {
    byte[] whole = SliceObject.of(slice);

    assertReadAsDrawnOrNotAtAll(
        slice, Arrays.copyOf(whole, new Random(seed).nextInt(2 * whole.length)));
  }

  private static void assertReadAsDrawnOrNotAtAll(List<Drawing> slice, byte[] damaged) {
    for (int index = 0; index < slice.size(); index++) {
      Drawn drawn = drawn(slice, index);
      assertAsDrawnOrDamaged(damaged, read -> read.bits(drawn).digest(), drawn.bits());
      assertAsDrawnOrDamaged(damaged, read -> read.image(drawn).digest(), drawn.image());
    }
    assertAsDrawnOrDamaged(
        damaged,
        read -> {
          read.images().forEach((digest, image) -> assertThat(image.digest()).isEqualTo(digest));
          return "";
        },
        "");
  }

  private static void assertAsDrawnOrDamaged(
      byte[] bytes, Function<SliceObject, String> digest, String expected) {
    try {
      assertThat(digest.apply(new SliceObject(KEY, bytes))).isEqualTo(expected);
    } catch (DamagedSliceException e) {
      assertThat(e).hasMessageStartingWith(KEY + " is damaged: ");
    }
  }

  @Test
  void anImageThatIsDamagedSpoilsNoOther() {
    List<Drawing> slice = slice(3, 4, 8, 1);
    byte[] damaged = SliceObject.of(slice);
    damaged[damaged.length - 1] ^= 1;
    SliceObject read = new SliceObject(KEY, damaged);

    assertThat(read.images())
        .containsKeys(drawn(slice, 0).image(), drawn(slice, 1).image())
        .doesNotContainKey(drawn(slice, 2).image());
    assertThat(read.bits(drawn(slice, 2))).isEqualTo(slice.get(2).bits());
    assertThatThrownBy(() -> read.image(drawn(slice, 2)))
        .isInstanceOf(DamagedSliceException.class)
        .hasMessageContaining("its candidate 2 has no image " + drawn(slice, 2).image());
  }

  @Test
  void whatIsNoSliceSaysSo() {
    byte[] slice = SliceObject.of(slice(2, 4, 8, 1));
    assertDamaged(new byte[0], "its 0 bytes are no slice");
    assertDamaged(new byte[1_000], "its 1000 bytes are no slice");
    assertDamaged(with(slice, 4, 2), "are no slice of version 1");
    assertDamaged(with(slice, 8, -1), "there are no -1 candidates");
    assertDamaged(with(slice, 12, -1), "2 candidates of -1 · 8 bits");
    assertDamaged(with(slice, 12, Integer.MAX_VALUE), "2 candidates of 2147483647 · 8 bits");
  }

  @Test
  void sizesThatCannotBeAreNotBelieved() {
    List<Drawing> slice = slice(1, 4, 8, 1);
    byte[] whole = SliceObject.of(slice);
    int table = HEADER + 4;
    Image image = slice.getFirst().image();
    for (byte[] absurd :
        List.of(
            with(whole, 8, Integer.MAX_VALUE),
            with(whole, table, image.width() + 1),
            with(whole, table, 1 << 14),
            with(whole, table, Integer.MAX_VALUE),
            with(whole, table + 4, -1),
            with(with(whole, table, -image.width()), table + 4, -image.height()),
            with(whole, table + 8, Integer.MAX_VALUE),
            with(whole, table + 8, -1))) {
      SliceObject read = new SliceObject(KEY, absurd);
      assertThat(read.images()).isEmpty();
      assertThatThrownBy(() -> read.image(drawn(slice, 0)))
          .isInstanceOf(DamagedSliceException.class);
    }
  }

  @Test
  void aCandidateThatTheSliceDoesNotHaveIsNotFound() {
    List<Drawing> slice = slice(2, 4, 8, 1);
    SliceObject read = new SliceObject(KEY, SliceObject.of(slice));
    for (int index : List.of(-1, 1, 2, Integer.MAX_VALUE, Integer.MIN_VALUE)) {
      Drawn elsewhere = new Drawn(drawn(slice, 0).bits(), drawn(slice, 0).image(), "name", index);
      assertThatThrownBy(() -> read.bits(elsewhere)).isInstanceOf(DamagedSliceException.class);
      assertThatThrownBy(() -> read.image(elsewhere)).isInstanceOf(DamagedSliceException.class);
      assertThat(SliceObject.beginning(index, 620)).isPositive();
    }
  }

  private static byte[] with(byte[] bytes, int at, int number) {
    return ByteBuffer.wrap(bytes.clone()).putInt(at, number).array();
  }

  private static void assertDamaged(byte[] bytes, String words) {
    assertThatThrownBy(() -> new SliceObject(KEY, bytes))
        .isInstanceOf(DamagedSliceException.class)
        .hasMessageStartingWith(KEY)
        .hasMessageContaining(words);
  }
}
