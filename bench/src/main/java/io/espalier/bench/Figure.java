package io.espalier.bench;

import java.awt.Color;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;
import org.knowm.xchart.style.theme.MatlabTheme;

/// The figures of the report, as PNG.
final class Figure {

  private static final int WIDTH = 900;
  private static final int HEIGHT = 560;

  /// So many places' names fit beside each other; more are slanted by so many degrees.
  private static final int UPRIGHT = 6;

  private static final int SLANT = 45;

  /// Okabe's and Ito's, which the colour-blind can tell apart.
  private static final Color[] COLORS = {
    new Color(0x000000),
    new Color(0xE69F00),
    new Color(0x56B4E9),
    new Color(0x009E73),
    new Color(0x0072B2),
    new Color(0xD55E00),
    new Color(0xCC79A7),
    new Color(0xF0E442)
  };

  /// A line's point, with the half of its interval.
  record Point(double x, Bootstrap.Estimate y) {}

  /// A line.
  record Line(String name, List<Point> points) {}

  private Figure() {}

  /// Lines, with intervals.
  ///
  /// @param across what x is
  static void lines(Path file, String title, String across, String measure, List<Line> lines) {
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(title)
            .xAxisTitle(across)
            .yAxisTitle(measure)
            .build();
    chart.getStyler().setTheme(new MatlabTheme());
    paint(chart.getStyler());
    for (Line line : lines) {
      List<Double> x = new ArrayList<>();
      List<Double> y = new ArrayList<>();
      List<Double> half = new ArrayList<>();
      for (Point point : line.points()) {
        x.add(point.x());
        y.add(point.y().mean());
        half.add((point.y().high() - point.y().low()) / 2);
      }
      chart.addSeries(line.name(), x, y, half).setMarker(SeriesMarkers.CIRCLE);
    }
    write(chart, file);
  }

  /// A group of bars for each place.
  ///
  /// @param heights by bar, then by place
  static void bars(
      Path file,
      String title,
      String measure,
      List<String> places,
      List<String> bars,
      List<List<Double>> heights) {
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(title)
            .yAxisTitle(measure)
            .build();
    chart.getStyler().setTheme(new MatlabTheme());
    paint(chart.getStyler());
    chart.getStyler().setXAxisLabelRotation(places.size() > UPRIGHT ? SLANT : 0);
    for (int bar = 0; bar < bars.size(); bar++) {
      chart.addSeries(bars.get(bar), places, heights.get(bar));
    }
    write(chart, file);
  }

  private static void paint(AxesChartStyler style) {
    style.setSeriesColors(COLORS);
    style.setLegendPosition(LegendPosition.OutsideE);
    style.setChartBackgroundColor(Color.WHITE);
  }

  private static void write(Chart<?, ?> chart, Path file) {
    try {
      BitmapEncoder.saveBitmap(chart, file.toString(), BitmapFormat.PNG);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
