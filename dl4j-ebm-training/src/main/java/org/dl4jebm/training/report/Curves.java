/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * A line chart of named curves, such as errors against epochs, drawn with XChart.
 *
 * <p>Values of y that are not finite leave a gap in their curve, so the chart of a training that
 * diverged can still be drawn. Works without a display. Not safe for use by several threads at
 * once.
 */
public final class Curves {

  private static final int WIDTH = 960;
  private static final int HEIGHT = 600;
  private static final int MIN_SIZE = 200;
  private static final int FONT_SIZE = 15;

  /** In panels, where ticks are so close that larger numbers would touch each other. */
  private static final int PANEL_TICK_FONT_SIZE = 12;

  /** Colours that differ in hue and lightness (Okabe and Ito's palette for all kinds of sight). */
  private static final Color[] COLOURS = {
    new Color(0x0072B2),
    new Color(0xD55E00),
    new Color(0x009E73),
    new Color(0xCC79A7),
    new Color(0xE69F00),
    new Color(0x56B4E9),
    new Color(0x000000)
  };

  /** Starts the names of the series that draw error bars; no name of a curve starts with it. */
  private static final String ERROR_PREFIX = "\0";

  private record Series(String name, double[] x, double[] y, double[] error) {}

  private final String title;
  private final String xLabel;
  private final String yLabel;
  private final List<Series> curves = new ArrayList<>();
  private boolean logX;
  private boolean logY;
  private int width = WIDTH;
  private int height = HEIGHT;
  private LegendPosition legend = LegendPosition.OutsideE;

  /**
   * Starts an empty chart.
   *
   * @param title stands above the chart
   * @param xLabel stands under the horizontal axis
   * @param yLabel stands beside the vertical axis
   */
  public Curves(String title, String xLabel, String yLabel) {
    this.title = title;
    this.xLabel = xLabel;
    this.yLabel = yLabel;
  }

  /**
   * Adds a curve.
   *
   * @param name its name in the legend
   * @param x positions, finite. Copied.
   * @param y values, as many. Copied.
   * @return this
   * @throws IllegalArgumentException if the lengths are 0 or differ, an x is not finite, or the
   *     name is taken
   */
  public Curves add(String name, double[] x, double[] y) {
    return add(name, x, y, null);
  }

  /**
   * Adds a curve with error bars.
   *
   * @param name its name in the legend
   * @param x positions, finite. Copied.
   * @param y values, as many. Copied.
   * @param error half lengths of the error bars, as many, finite and not negative; or null. Copied.
   * @return this
   * @throws IllegalArgumentException if the lengths are 0 or differ, an x or error is not accepted,
   *     or the name is taken
   */
  public Curves add(String name, double[] x, double[] y, double[] error) {
    if (x.length == 0 || y.length != x.length || (error != null && error.length != x.length)) {
      throw new IllegalArgumentException(
          "curve '"
              + name
              + "' has "
              + x.length
              + " positions, "
              + y.length
              + " values"
              + (error == null ? "" : " and " + error.length + " errors")
              + "; accepted: the same number of each, at least 1");
    }
    for (int i = 0; i < x.length; i++) {
      if (!Double.isFinite(x[i])) {
        throw refused(name, "position", x[i], "finite numbers");
      }
      if (error != null && !(error[i] >= 0 && Double.isFinite(error[i]))) {
        throw refused(name, "error", error[i], "finite numbers from 0");
      }
    }
    if (name == null
        || name.startsWith(ERROR_PREFIX)
        || curves.stream().anyMatch(curve -> curve.name.equals(name))) {
      throw new IllegalArgumentException(
          "the name of a curve is '" + name + "'; accepted: a name no other curve has");
    }
    curves.add(new Series(name, x.clone(), y.clone(), error == null ? null : error.clone()));
    return this;
  }

  /**
   * Makes the horizontal axis logarithmic.
   *
   * @return this
   */
  public Curves logX() {
    this.logX = true;
    return this;
  }

  /**
   * Makes the vertical axis logarithmic. An error bar that reaches 0 then ends at the lowest value
   * shown.
   *
   * @return this
   */
  public Curves logY() {
    this.logY = true;
    return this;
  }

  /**
   * Sets the size of the picture and moves the legend below the chart, where narrow pictures have
   * room for it.
   *
   * @param width pixels, at least 200; without this call 960
   * @param height pixels, at least 200; without this call 600
   * @return this
   * @throws IllegalArgumentException if one is too small for axes and legend
   */
  public Curves asPanel(int width, int height) {
    if (Math.min(width, height) < MIN_SIZE) {
      throw new IllegalArgumentException(
          "the chart has "
              + width
              + "x"
              + height
              + " pixels; accepted: "
              + MIN_SIZE
              + " or more each way");
    }
    this.width = width;
    this.height = height;
    this.legend = LegendPosition.OutsideS;
    return this;
  }

  /**
   * Draws charts side by side, from left to right and top to bottom.
   *
   * @param charts at least one, all of the size of the first
   * @param columns charts in a row, at least 1
   * @return the picture
   * @throws IllegalStateException as for {@link #render()}
   * @throws IllegalArgumentException if there is no chart, the sizes differ or {@code columns} is
   *     below 1
   */
  public static BufferedImage grid(List<Curves> charts, int columns) {
    if (columns < 1 || charts.isEmpty()) {
      throw new IllegalArgumentException(
          "there are "
              + charts.size()
              + " charts in "
              + columns
              + " columns; accepted: 1 or more of each");
    }
    int w = charts.get(0).width;
    int h = charts.get(0).height;
    int across = Math.min(columns, charts.size());
    int down = (charts.size() + across - 1) / across;
    BufferedImage image = new BufferedImage(across * w, down * h, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    graphics.setColor(Color.WHITE);
    graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
    for (int i = 0; i < charts.size(); i++) {
      Curves chart = charts.get(i);
      if (chart.width != w || chart.height != h) {
        throw new IllegalArgumentException(
            "chart '"
                + chart.title
                + "' has "
                + chart.width
                + "x"
                + chart.height
                + " pixels; accepted: "
                + w
                + "x"
                + h
                + ", as the first");
      }
      graphics.drawImage(chart.render(), i % across * w, i / across * h, null);
    }
    graphics.dispose();
    return image;
  }

  /**
   * Draws the chart.
   *
   * @return the picture, 960 x 600 pixels unless {@link #asPanel} says otherwise
   * @throws IllegalStateException if there is no curve, or no value that can be drawn
   * @throws IllegalArgumentException if an axis is logarithmic and a number on it is not positive
   */
  public BufferedImage render() {
    long drawable =
        curves.stream().flatMapToDouble(c -> Arrays.stream(c.y)).filter(Double::isFinite).count();
    if (drawable == 0) {
      throw new IllegalStateException(
          "chart '"
              + title
              + "' has "
              + curves.size()
              + " curves without a finite value; accepted: at least one curve with one");
    }
    XYChart chart =
        new XYChartBuilder()
            .width(width)
            .height(height)
            .title(title)
            .xAxisTitle(xLabel)
            .yAxisTitle(yLabel)
            .build();
    style(chart.getStyler());
    for (int i = 0; i < curves.size(); i++) {
      addTo(chart, curves.get(i), COLOURS[i % COLOURS.length]);
    }
    return BitmapEncoder.getBufferedImage(chart);
  }

  private void style(XYStyler styler) {
    Font font = new Font(Font.SANS_SERIF, Font.PLAIN, FONT_SIZE);
    styler.setLocale(Locale.ROOT);
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setPlotBackgroundColor(Color.WHITE);
    styler.setPlotGridLinesColor(new Color(0xDDDDDD));
    styler.setChartTitleFont(font.deriveFont(Font.BOLD, FONT_SIZE + 3f));
    styler.setAxisTitleFont(font.deriveFont(Font.BOLD));
    styler.setAxisTickLabelsFont(font);
    styler.setLegendFont(font);
    styler.setLegendPosition(legend);
    styler.setLegendBorderColor(Color.WHITE);
    styler.setMarkerSize(7);
    if (legend == LegendPosition.OutsideS) {
      styler.setLegendLayout(LegendLayout.Horizontal);
      styler.setMarkerSize(5);
      styler.setAxisTickLabelsFont(font.deriveFont((float) PANEL_TICK_FONT_SIZE));
      styler.setXAxisDecimalPattern("0.######");
    }
    styler.setXAxisLogarithmic(logX);
    styler.setYAxisLogarithmic(logY);
    if (logX) {
      double[] ends = logEnds(curves.stream().flatMapToDouble(c -> Arrays.stream(c.x)));
      styler.setXAxisMin(ends[0]).setXAxisMax(ends[1]);
      styler.setXAxisLogarithmicDecadeOnly(false);
      styler.setXAxisTickLabelsFormattingFunction(tick -> logLabel(tick, ends[1] / ends[0]));
    }
    if (logY) {
      double[] ends = logEnds(curves.stream().flatMapToDouble(c -> drawn(c)));
      styler.setYAxisMin(ends[0]).setYAxisMax(ends[1]);
      styler.setYAxisLogarithmicDecadeOnly(false);
      styler.setYAxisTickLabelsFormattingFunction(tick -> logLabel(tick, ends[1] / ends[0]));
    }
  }

  /** Returns the values and the ends of the error bars that a logarithmic axis can show. */
  private static DoubleStream drawn(Series curve) {
    DoubleStream values = Arrays.stream(curve.y);
    if (curve.error == null) {
      return values;
    }
    DoubleStream ends =
        IntStream.range(0, curve.y.length)
            .boxed()
            .flatMapToDouble(
                i -> DoubleStream.of(curve.y[i] - curve.error[i], curve.y[i] + curve.error[i]));
    return DoubleStream.concat(values, ends.filter(end -> end > 0));
  }

  /** Returns the ends of a logarithmic axis: positive numbers rounded outwards to one digit. */
  private static double[] logEnds(DoubleStream numbers) {
    DoubleSummaryStatistics range = numbers.filter(Double::isFinite).summaryStatistics();
    double low = round(range.getMin(), RoundingMode.FLOOR);
    double high = round(range.getMax(), RoundingMode.CEILING);
    return low < high ? new double[] {low, high} : new double[] {low / 2, high * 2};
  }

  private static double round(double positive, RoundingMode mode) {
    return positive > 0
        ? BigDecimal.valueOf(positive).round(new MathContext(1, mode)).doubleValue()
        : positive;
  }

  /**
   * Labels the powers of ten; on shorter axes also 2 and 5 times them, or every tick. XChart's own
   * choice is the powers of ten alone, of which a short axis shows one or none.
   */
  private static String logLabel(double tick, double span) {
    int exponent = (int) Math.floor(Math.log10(tick) + 1e-9);
    long digit = Math.round(tick / Math.pow(10, exponent));
    if (digit != 1 && span > 10 && (span > 100 || (digit != 2 && digit != 5))) {
      return "";
    }
    return exponent >= -3 && exponent <= 5
        ? BigDecimal.valueOf(digit).scaleByPowerOfTen(exponent).toPlainString()
        : digit + "e" + exponent;
  }

  private void addTo(XYChart chart, Series curve, Color colour) {
    double[] y = curve.y.clone();
    for (int i = 0; i < y.length; i++) {
      if (logX && curve.x[i] <= 0) {
        throw refused(curve.name, "position", curve.x[i], "positive numbers on a logarithmic axis");
      }
      if (!Double.isFinite(y[i])) {
        y[i] = Double.NaN;
      } else if (logY && y[i] <= 0) {
        throw refused(curve.name, "value", y[i], "positive numbers on a logarithmic axis");
      }
    }
    XYSeries line = chart.addSeries(curve.name, curve.x, y);
    line.setLineColor(colour);
    line.setMarkerColor(colour);
    line.setLineStyle(new BasicStroke(2.5f));
    if (curve.error != null) {
      addErrorBars(chart, curve, y, colour);
    }
  }

  /**
   * Adds the bars as one more line with gaps. XChart's own error bars reach equally far to both
   * sides, and cannot end where a logarithmic axis does.
   */
  private void addErrorBars(XYChart chart, Series curve, double[] y, Color colour) {
    Double lowest = logY ? chart.getStyler().getYAxisMin() : null;
    double floor = lowest == null ? Double.NEGATIVE_INFINITY : lowest;
    double[] x = new double[3 * y.length];
    double[] ends = new double[3 * y.length];
    for (int i = 0; i < y.length; i++) {
      Arrays.fill(x, 3 * i, 3 * i + 3, curve.x[i]);
      ends[3 * i] = Math.max(floor, y[i] - curve.error[i]);
      ends[3 * i + 1] = y[i] + curve.error[i];
      ends[3 * i + 2] = Double.NaN;
    }
    XYSeries bars = chart.addSeries(ERROR_PREFIX + curve.name, x, ends);
    bars.setShowInLegend(false);
    bars.setLineColor(colour);
    bars.setLineStyle(new BasicStroke(1.2f));
    bars.setMarker(SeriesMarkers.NONE);
  }

  private static IllegalArgumentException refused(
      String name, String what, double value, String accepted) {
    return new IllegalArgumentException(
        "curve '" + name + "' has the " + what + " " + value + "; accepted: " + accepted);
  }
}
