/*
 * SPDX-License-Identifier: Apache-2.0
 */
package org.dl4jebm.training.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class CurvesTest {

  private static final int FIRST = 0x0072B2;
  private static final int SECOND = 0xD55E00;

  private static Curves chart() {
    return new Curves("Title", "epoch", "error");
  }

  /**
   * Pixels of about that colour in the left two thirds, where the curves are and not the legend.
   */
  private static int count(BufferedImage image, int colour) {
    int count = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth() * 2 / 3; x++) {
        count += image.getRGB(x, y) << 8 == colour << 8 ? 1 : 0;
      }
    }
    return count;
  }

  /** Mean height of the pixels of that colour, as a share of the picture, 0 at the top. */
  private static double meanHeight(BufferedImage image, int colour) {
    long sum = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth() * 2 / 3; x++) {
        sum += image.getRGB(x, y) << 8 == colour << 8 ? y : 0;
      }
    }
    return (double) sum / count(image, colour) / image.getHeight();
  }

  @Test
  void curvesAreDrawnInTheirPlaces() {
    double[] x = {1, 2, 3, 4};
    BufferedImage image =
        chart()
            .add("high", x, new double[] {9, 9, 10, 10})
            .add("low", x, new double[] {1, 1, 0, 0})
            .render();
    assertEquals(960, image.getWidth());
    assertEquals(600, image.getHeight());
    assertTrue(count(image, FIRST) > 500, "first curve missing");
    assertTrue(count(image, SECOND) > 500, "second curve missing");
    assertTrue(meanHeight(image, FIRST) < 0.3);
    assertTrue(meanHeight(image, SECOND) > 0.6);
  }

  @Test
  void errorBarsAddToTheCurve() {
    double[] x = {1, 2, 3};
    double[] y = {5, 4, 3};
    int plain = count(chart().add("a", x, y).render(), FIRST);
    BufferedImage image = chart().add("a", x, y, new double[] {1, 0, 2}).render();
    assertTrue(count(image, FIRST) != plain);
  }

  @Test
  void logarithmicAxesSpreadSmallValues() {
    double[] x = {1, 10, 100, 1000};
    double[] y = {0.001, 0.01, 0.1, 1};
    double[] even = {0, 1, 2, 3};
    double linear = meanHeight(chart().add("a", even, y).render(), FIRST);
    assertTrue(meanHeight(chart().logY().add("a", even, y).render(), FIRST) < linear - 0.1);
    linear = meanHeight(chart().add("a", x, even).render(), FIRST);
    assertTrue(meanHeight(chart().logX().add("a", x, even).render(), FIRST) > linear + 0.1);
    // an error bar that reaches below zero
    chart().logY().add("a", x, y, new double[] {0.01, 0.01, 0.2, 0.1}).render();
  }

  @Test
  void valuesThatAreNotFiniteLeaveGaps() {
    double[] x = {1, 2, 3, 4, 5};
    int whole = count(chart().add("a", x, new double[] {3, 3, 3, 3, 3}).render(), FIRST);
    double[] broken = {3, 3, Double.NaN, Double.POSITIVE_INFINITY, 3};
    int gap = count(chart().add("a", x, broken).render(), FIRST);
    assertTrue(gap > 0 && gap < whole, gap + " of " + whole);
    double[] nothing = {Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN};
    assertTrue(count(chart().add("n", x, nothing).add("a", x, broken).render(), SECOND) > 0);
  }

  @Test
  void extremeButFiniteChartsAreDrawn() {
    chart().add("point", new double[] {1}, new double[] {2}).render();
    chart().add("constant", new double[] {1, 2}, new double[] {0, 0}).render();
    chart().add("huge", new double[] {1, 2}, new double[] {1e300, -1e300}).render();
    chart().logY().add("one decade", new double[] {1, 2}, new double[] {3, 4}).render();
    chart().logY().logX().add("point", new double[] {1}, new double[] {2}).render();
  }

  @Test
  void valuesAreCopied() {
    double[] y = {9, 9};
    Curves chart = chart().add("a", new double[] {1, 2}, y);
    y[0] = Double.NaN;
    y[1] = Double.NaN;
    assertTrue(count(chart.render(), FIRST) > 0);
  }

  private static void assertRefused(String part, Executable call) {
    RuntimeException e = assertThrows(RuntimeException.class, call);
    assertTrue(
        e instanceof IllegalArgumentException || e instanceof IllegalStateException, e::toString);
    assertTrue(e.getMessage().contains(part), e::getMessage);
    assertTrue(e.getMessage().contains("accepted"), e::getMessage);
  }

  @Test
  void badArgumentsAreRefusedByName() {
    double[] two = {1, 2};
    double[] bad = {1, Double.NaN};
    assertRefused("0 curves", () -> chart().render());
    assertRefused(
        "finite value",
        () -> chart().add("a", new double[] {1}, new double[] {Double.NaN}).render());
    assertRefused("2 positions, 1 values", () -> chart().add("a", two, new double[1]));
    assertRefused("1 errors", () -> chart().add("a", two, two, new double[1]));
    assertRefused("0 positions", () -> chart().add("a", new double[0], new double[0]));
    assertRefused("position NaN", () -> chart().add("a", bad, two));
    assertRefused("error NaN", () -> chart().add("a", two, two, bad));
    assertRefused("error -1.0", () -> chart().add("a", two, two, new double[] {0, -1}));
    assertRefused("'a'", () -> chart().add("a", two, two).add("a", two, two));
    assertRefused("'null'", () -> chart().add(null, two, two));
    assertRefused("value 0.0", () -> chart().logY().add("a", two, new double[] {1, 0}).render());
    assertRefused(
        "position -1.0", () -> chart().logX().add("a", new double[] {-1, 1}, two).render());
  }

  @Test
  void panelsStandSideBySide() {
    double[] x = {1, 2, 3};
    Curves high = chart().add("high", x, new double[] {9, 9, 10}).asPanel(400, 300);
    Curves both =
        chart()
            .add("other", x, new double[] {1, 1, 0})
            .add("low", x, new double[] {0, 1, 1})
            .asPanel(400, 300);
    BufferedImage grid = Curves.grid(List.of(high, both, high), 2);
    assertEquals(800, grid.getWidth());
    assertEquals(600, grid.getHeight());
    BufferedImage right = grid.getSubimage(400, 0, 400, 300);
    assertTrue(count(right, SECOND) > 100, "the second panel is at the right");
    assertEquals(0, count(grid.getSubimage(0, 0, 400, 300), SECOND));
    assertTrue(count(grid.getSubimage(0, 300, 400, 300), FIRST) > 100, "the third one below");
    assertEquals(0xFFFFFF, grid.getRGB(600, 450) & 0xFFFFFF, "the rest is white");
    assertEquals(400, Curves.grid(List.of(high), 3).getWidth());
  }

  @Test
  void panelsThatCannotBeDrawn() {
    Curves small = chart().add("a", new double[] {1}, new double[] {2});
    assertRefused(
        "the chart has 199x300 pixels; accepted: 200 or more each way",
        () -> small.asPanel(199, 300));
    small.asPanel(300, 200);
    Curves large = chart().add("a", new double[] {1}, new double[] {2});
    assertRefused(
        "chart 'Title' has 960x600 pixels; accepted: 300x200, as the first",
        () -> Curves.grid(List.of(small, large), 2));
    assertRefused(
        "there are 0 charts in 2 columns; accepted: 1 or more of each",
        () -> Curves.grid(List.of(), 2));
    assertRefused(
        "there are 1 charts in 0 columns; accepted: 1 or more of each",
        () -> Curves.grid(List.of(small), 0));
  }
}
