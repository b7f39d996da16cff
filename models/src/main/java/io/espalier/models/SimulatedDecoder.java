package io.espalier.models;

import io.espalier.beam.Bits;
import io.espalier.beam.Grid;
import io.espalier.beam.Image;
import io.espalier.beam.Schedule;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/// Bits to an image that shows nothing, but is like a photograph for whoever moves and compresses
/// it. Every scale adds its tokens' colours, the coarse ones the most, as the residuals of a real
/// visual tokenizer do, so the images of one prefix are alike. Between the finest tokens colours
/// are interpolated, and over all lies a grain that depends on every bit. Thread-safe.
final class SimulatedDecoder {

  /// The mean of every channel, nearly.
  static final double MIDDLE = 128;

  /// How many values the grain has. With eight, a filtered PNG of 1024×1024 has 1.3 MB.
  private static final int GRAINS = 8;

  /// How far all scales together may lead away from the middle; the grain has the rest.
  private static final double REACH = MIDDLE - GRAINS;

  private static final int CHANNELS = 3;

  /// Of a token, so many bits are a channel's value.
  private static final int BITS_PER_CHANNEL = 4;

  /// Colours have so many binary places.
  private static final int PLACES = 8;

  private static final int ONE = 1 << PLACES;

  /// Of the linear congruential generator of Numerical Recipes, whose upper bits are the grain.
  private static final int MULTIPLIER = 1664525;

  private static final int INCREMENT = 1013904223;

  private final Schedule schedule;
  private final int height;
  private final int width;
  private final Grid finest;
  private final double[] amplitudes;

  /// @param image its height and width
  SimulatedDecoder(Schedule schedule, List<Integer> image) {
    this.schedule = schedule;
    height = image.get(0);
    width = image.get(1);
    finest = schedule.grids().getLast();
    amplitudes = new double[schedule.scales()];
    double sum = 0;
    for (int scale = 0; scale < amplitudes.length; scale++) {
      amplitudes[scale] = 1 / Math.sqrt(scale + 1);
      sum += amplitudes[scale];
    }
    for (int scale = 0; scale < amplitudes.length; scale++) {
      amplitudes[scale] *= REACH / sum;
    }
  }

  /// The image of the bits of the scales 1..k.
  Image decode(Bits bits) {
    int[] colours = colours(bits);
    int[] row = new int[CHANNELS * finest.width()];
    int[] columns = new int[width];
    int[] weights = new int[width];
    for (int x = 0; x < width; x++) {
      int at = position(x, width, finest.width());
      columns[x] = CHANNELS * (at >> PLACES);
      weights[x] = at & (ONE - 1);
    }
    int grain = Integer.parseUnsignedInt(bits.digest(), 0, 8, 16);
    byte[] rgb = new byte[CHANNELS * width * height];
    int next = 0;
    for (int y = 0; y < height; y++) {
      interpolate(colours, position(y, height, finest.height()), row);
      for (int x = 0; x < width; x++) {
        grain = grain * MULTIPLIER + INCREMENT;
        int more = (grain >>> 24) * GRAINS - GRAINS * ONE / 2;
        int left = columns[x];
        int right = Math.min(left + CHANNELS, row.length - CHANNELS);
        for (int channel = 0; channel < CHANNELS; channel++) {
          int colour = between(row[left + channel], row[right + channel], weights[x]);
          rgb[next++] = (byte) ((colour + more) >> PLACES);
        }
      }
    }
    return new Image(width, height, rgb);
  }

  /// The colours of the finest grid's tokens, row after row.
  private int[] colours(Bits bits) {
    ByteBuffer unpacked = ByteBuffer.allocate(bits.tokens() * bits.perToken());
    bits.unpack(unpacked.duplicate());
    int[] colours = new int[CHANNELS * finest.tokens()];
    Arrays.fill(colours, (int) MIDDLE << PLACES);
    int drawn = 0;
    for (int scale = 0; drawn < bits.tokens(); scale++) {
      Grid grid = schedule.grids().get(scale);
      int[] values = new int[CHANNELS * grid.tokens()];
      for (int i = 0; i < values.length; i++) {
        int token = (drawn + i / CHANNELS) * bits.perToken();
        double value = value(unpacked, token, bits.perToken(), i % CHANNELS);
        values[i] = (int) (amplitudes[scale] * ONE * value);
      }
      add(colours, grid, values);
      drawn += grid.tokens();
    }
    return colours;
  }

  /// Adds a scale's values to the tokens of the finest grid that lie below its own.
  private void add(int[] colours, Grid grid, int[] values) {
    int next = 0;
    for (int y = 0; y < finest.height(); y++) {
      int row = y * grid.height() / finest.height() * grid.width();
      for (int x = 0; x < finest.width(); x++) {
        int token = CHANNELS * (row + x * grid.width() / finest.width());
        for (int channel = 0; channel < CHANNELS; channel++) {
          colours[next++] += values[token + channel];
        }
      }
    }
  }

  /// From −1 to 1. A token of fewer bits than there are to read has them read again.
  private static double value(ByteBuffer bits, int first, int perToken, int channel) {
    int value = 0;
    for (int i = 0; i < BITS_PER_CHANNEL; i++) {
      value = 2 * value + bits.get(first + (channel + CHANNELS * i) % perToken);
    }
    int most = (1 << BITS_PER_CHANNEL) - 1;
    return (2.0 * value - most) / most;
  }

  /// The colours of one row of pixels at the finest grid's columns.
  private void interpolate(int[] colours, int at, int[] row) {
    int above = (at >> PLACES) * row.length;
    int below = Math.min(above + row.length, colours.length - row.length);
    int weight = at & (ONE - 1);
    for (int i = 0; i < row.length; i++) {
      row[i] = between(colours[above + i], colours[below + i], weight);
    }
  }

  /// @param weight of the second, with [#PLACES] binary places
  private static int between(int first, int second, int weight) {
    return first + (((second - first) * weight) >> PLACES);
  }

  /// Where a pixel's centre lies among the centres of a grid's tokens, with [#PLACES] binary
  /// places.
  private static int position(int pixel, int pixels, int tokens) {
    long twice = (2L * pixel + 1) * tokens * ONE / pixels - ONE;
    return (int) Math.clamp(twice / 2, 0, (long) (tokens - 1) * ONE);
  }
}
